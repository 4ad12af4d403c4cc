CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE TABLE feeds (
    id integer primary key,
    name text not null,
    url text not null unique,
    outlet text,
    language text,
    read text not null default 'relevant',
    active integer not null default 1,
    added_at text not null,
    etag text,
    last_modified text,
    body_hash text,
    next_due text,
    not_before text,
    failures integer not null default 0,
    last_polled text,
    last_success text,
    last_new_entry text,
    last_status text,
    last_error text,
    moved_to text
, seen text not null default '', interval_seconds integer, ttl_seconds integer, skip_hours text not null default '', skip_days text not null default '', last_full text, retired_at text, whole_at text);
CREATE TABLE polls (
    id integer primary key,
    feed integer not null references feeds(id),
    at text not null,
    status text not null,
    http_status integer,
    entries integer not null default 0,
    new_entries integer not null default 0,
    seconds real not null,
    error text
);
CREATE TABLE stories (
    id integer primary key,
    title text not null,
    first_seen text not null
);
CREATE TABLE articles (
    id integer primary key,
    url text,
    canonical_url text,
    outlet text not null,
    title text not null,
    title_key text not null,
    summary text not null default '',
    text text not null default '',
    text_source text not null default 'summary',
    text_note text,
    language text,
    authors text,
    published text,
    published_source text,
    news_at text,
    first_seen text not null,
    updated_at text,
    story integer references stories(id),
    read_state text not null,
    read_attempts integer not null default 0,
    next_read text,
    rules_version text
, story_key text, copy_by text, published_give_days integer not null default 0, nearly text);
CREATE TABLE sightings (
    feed integer not null references feeds(id),
    article integer not null references articles(id),
    guid text,
    url text,
    first_seen text not null, carried_at text,
    primary key (feed, article)
);
CREATE TABLE developments (
    id integer primary key,
    change text not null,
    stage text not null,
    title text not null,
    sentence text not null,
    actors text not null default '',
    severity text not null,
    first_seen text not null,
    last_seen text not null,
    created_at text not null,
    dismissed_at text,
    dismissed_because text
, roles text not null default '', follows integer references developments(id));
CREATE TABLE development_stages (
    development integer not null references developments(id),
    stage text not null,
    since text not null,
    article integer not null references articles(id),
    told_at text,
    primary key (development, stage)
);
CREATE TABLE development_articles (
    development integer not null references developments(id),
    article integer not null references articles(id),
    stage text not null,
    added_at text not null, plain integer not null default 1,
    primary key (development, article)
);
CREATE TABLE signals (
    id integer primary key,
    article integer not null references articles(id),
    rule text not null,
    change text not null,
    stage text not null,
    actors text not null default '',
    severity text not null,
    sentence text not null,
    field text not null,
    start_offset integer not null,
    end_offset integer not null,
    rules_version text not null,
    found_at text not null,
    development integer references developments(id),
    retired_at text, roles text not null default '', guessed integer not null default 0, words text not null default '',
    unique (article, rule, stage, field, start_offset, end_offset)
);
CREATE VIRTUAL TABLE articles_fts using fts5 (
    title, summary, text, content='articles', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TABLE story_runs (
    run integer not null,
    day integer not null,
    article integer not null references articles(id),
    primary key (run, day, article)
) without rowid;
CREATE TABLE story_words (
    word text not null,
    day integer not null,
    article integer not null references articles(id),
    primary key (word, day, article)
) without rowid;
CREATE TABLE headline_words (
    word text primary key,
    articles integer not null
) without rowid;
CREATE TABLE article_lines (
    line integer not null,
    article integer not null references articles(id),
    primary key (line, article)
) without rowid;
CREATE TABLE outlet_lines (
    outlet text not null,
    line integer not null,
    primary key (outlet, line)
) without rowid;
CREATE TABLE troubles (
    id integer primary key,
    subject text not null,
    what text not null,
    since text not null,
    cleared_at text
);
CREATE TABLE "alerts" (
    id integer primary key,
    development integer references developments(id),
    trouble integer references troubles(id),
    article integer references articles(id),
    channel text not null,
    kind text not null,
    stage text not null,
    stories integer,
    state text not null default 'queued',
    attempts integer not null default 0,
    next_attempt text,
    created_at text not null,
    resent_at text,
    sent_at text,
    last_error text,
    message_key text not null unique,
    subject text not null,
    text text not null,
    html text not null
, claimed_by text, claimed_until text, failing_since text, served text not null default '');
CREATE TABLE robots (
    origin text primary key,
    fetched_at text not null,
    body text not null
) without rowid;
CREATE TABLE upkeep (task text primary key, done_at text not null) without rowid;
insert into _sqlite_migrations values (1, 'haiti-monitor', 'm001_tables', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (2, 'haiti-monitor', 'm002_roles', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (3, 'haiti-monitor', 'm003_story_index', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (4, 'haiti-monitor', 'm004_situation', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (5, 'haiti-monitor', 'm005_claims', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (6, 'haiti-monitor', 'm006_polling', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (7, 'haiti-monitor', 'm007_looking', '2025-09-01 00:00:00.000000+00:00');
insert into _sqlite_migrations values (8, 'haiti-monitor', 'm008_years', '2025-09-01 00:00:00.000000+00:00');
insert into feeds values (1, 'one', 'http://one.example/one.xml', 'One', 'en', 'never', 1, '2025-01-01T00:00:00Z', '"x"', null, 'abc', null, null, 0, null, null, null, null, null, null, '', null, null, '', '', null, null, '2025-09-29T11:00:00Z');
insert into feeds values (2, 'gone', 'http://one.example/gone.xml', 'One', 'en', 'never', 0, '2025-01-01T00:00:00Z', null, null, null, null, null, 3, null, null, null, null, null, null, '', null, null, '', '', null, null, null);
insert into polls values (1, 1, '2025-09-29T09:00:00Z', 'new', null, 3, 3, 0.5, null);
insert into polls values (2, 2, '2025-09-29T09:00:00Z', 'failed', null, 0, 0, 0.1, 'no answer');
insert into stories values (1, 'Story 1', '2025-09-29T08:00:00Z');
insert into stories values (2, 'Story 2', '2025-09-29T08:00:00Z');
insert into stories values (3, 'Story 3', '2025-09-29T08:00:00Z');
insert into articles values (1, 'http://one.example/1', 'http://one.example/1', 'One', 'Rain over the capital for a third day in a row', 'rain over the capital for a third day in a row', 'Summary 1: ferries and maize.', 'Text 1: the harbour master said.', 'feed', null, 'en', 'A. Writer', '2025-09-29T07:00:00Z', 'feed', '2025-09-29T07:00:00Z', '2025-09-29T07:00:00Z', null, 1, 'unwanted', 0, null, 'old', '2:6fae655a217d9278', null, 0, 'handover');
insert into articles values (2, 'http://one.example/2', 'http://one.example/2', 'One', 'Norland agrees to take over the Lagoon Mission', 'norland agrees to take over the lagoon mission', 'Summary 2: ferries and maize.', 'Text 2: the harbour master said.', 'feed', null, 'en', 'A. Writer', '2025-09-29T08:00:00Z', 'feed', '2025-09-29T08:00:00Z', '2025-09-29T08:00:00Z', null, 2, 'unwanted', 0, null, 'old', '2:61f17dbbfd7e383a', null, 0, null);
insert into articles values (3, 'http://one.example/3', 'http://one.example/3', 'One', 'Sudland offers to take over the Lagoon Mission', 'sudland offers to take over the lagoon mission', 'Summary 3: ferries and maize.', 'Text 3: the harbour master said.', 'feed', null, 'en', 'A. Writer', '2025-09-29T09:00:00Z', 'feed', '2025-09-29T09:00:00Z', '2025-09-29T09:00:00Z', null, 3, 'unwanted', 0, null, 'old', '2:627289acf8f1688e', null, 0, null);
insert into articles values (4, 'http://one.example/4', 'http://one.example/4', 'One', 'Norland agrees to take over the Lagoon Mission today', 'norland agrees to take over the lagoon mission today', 'Summary 4: ferries and maize.', 'Text 4: the harbour master said.', 'feed', null, 'en', 'A. Writer', '2025-09-29T10:00:00Z', 'feed', '2025-09-29T10:00:00Z', '2025-09-29T10:00:00Z', null, 2, 'unwanted', 0, null, 'old', '2:3b50e288c6304a08', 'headline', 0, null);
insert into sightings values (1, 1, 'g1', 'http://one.example/1', '2025-09-29T07:00:00Z', '2025-09-29T11:00:00Z');
insert into sightings values (1, 2, 'g2', 'http://one.example/2', '2025-09-29T08:00:00Z', '2025-09-29T11:00:00Z');
insert into sightings values (1, 3, 'g3', 'http://one.example/3', '2025-09-29T09:00:00Z', '2025-09-29T11:00:00Z');
insert into sightings values (1, 4, 'g4', 'http://one.example/4', '2025-09-29T10:00:00Z', '2025-09-29T11:00:00Z');
insert into developments values (1, 'leadership', 'decided', 'Title 1', 'Sentence 1', 'Norland', 'high', '2025-09-29T08:00:00Z', '2025-09-29T10:00:00Z', '2025-09-29T12:00:00Z', null, null, '', null);
insert into developments values (2, 'leadership', 'proposed', 'Title 2', 'Sentence 2', 'Sudland', 'high', '2025-09-29T08:00:00Z', '2025-09-29T10:00:00Z', '2025-09-29T12:00:00Z', '2025-09-29T13:00:00Z', 'no', '', 1);
insert into development_stages values (1, 'decided', '2025-09-29T08:00:00Z', 2, '2025-09-29T12:00:00Z');
insert into development_stages values (2, 'proposed', '2025-09-29T09:00:00Z', 3, '2025-09-29T12:00:00Z');
insert into development_articles values (1, 2, 'decided', '2025-09-29T12:00:00Z', 1);
insert into development_articles values (1, 4, 'decided', '2025-09-29T12:00:00Z', 1);
insert into development_articles values (2, 3, 'proposed', '2025-09-29T12:00:00Z', 1);
insert into signals values (1, 2, 'handover', 'leadership', 'decided', 'Norland', 'high', 'Sentence 1', 'title', 0, 21, 'old', '2025-09-29T12:00:00Z', 1, null, 'Norland takes over', 0, 'Norland | over');
insert into signals values (2, 4, 'handover', 'leadership', 'decided', 'Norland', 'high', 'Sentence 2', 'title', 0, 22, 'old', '2025-09-29T12:00:00Z', 1, null, 'Norland takes over', 0, 'Norland | over');
insert into signals values (3, 3, 'handover', 'leadership', 'proposed', 'Sudland', 'high', 'Sentence 3', 'title', 0, 23, 'old', '2025-09-29T12:00:00Z', 2, null, 'Sudland takes over', 0, 'Norland | over');
insert into signals values (4, 1, 'handover', 'leadership', 'decided', 'Norland', 'high', 'Sentence 4', 'title', 0, 24, 'old', '2025-09-29T12:00:00Z', null, '2025-09-29T12:00:00Z', 'Norland takes over', 0, 'Norland | over');
insert into story_runs values (77, 739523, 2);
insert into story_words values ('maize', 739523, 2);
insert into headline_words values ('', 4);
insert into headline_words values ('maize', 2);
insert into article_lines values (99, 2);
insert into outlet_lines values ('One', 98);
insert into troubles values (1, 'poll', 'no feed was polled for 3 hours', '2025-09-29T05:00:00Z', '2025-09-29T06:00:00Z');
insert into alerts values (1, 1, null, 2, 'desk', 'new', 'decided', null, 'sent', 1, '2025-09-29T12:00:00Z', '2025-09-29T12:00:00Z', null, '2025-09-29T12:00:00Z', null, 'k1', 'Subject 1', 'Text 1', '<p>Text 1</p>', null, null, null, '');
insert into alerts values (2, 2, null, 3, 'desk', 'new', 'proposed', null, 'failed', 1, '2025-09-29T12:00:00Z', '2025-09-29T12:00:00Z', null, null, 'refused', 'k2', 'Subject 2', 'Text 2', '<p>Text 2</p>', null, null, null, '');
insert into alerts values (3, 1, null, 2, 'desk', 'new', 'decided', null, 'queued', 1, '2025-09-29T13:00:00Z', '2025-09-29T13:00:00Z', null, null, null, 'k3', 'Subject 3', 'Text 3', '<p>Text 3</p>', null, null, null, '');
insert into robots values ('http://one.example', '2025-09-29T09:00:00Z', 'User-agent: *');
insert into upkeep values ('indexes', '2025-09-29T04:00:00Z');
insert into articles_fts (articles_fts) values ('rebuild');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX polls_feed_at on polls(feed, at);
CREATE INDEX polls_at on polls(at);
CREATE UNIQUE INDEX articles_canonical_url on articles(canonical_url) where canonical_url is not null;
CREATE INDEX articles_outlet_title on articles(outlet, title_key);
CREATE INDEX articles_to_read on articles(next_read) where read_state = 'wanted';
CREATE INDEX articles_rules_version on articles(rules_version);
CREATE INDEX articles_story on articles(story);
CREATE INDEX sightings_guid on sightings(feed, guid);
CREATE INDEX sightings_article on sightings(article);
CREATE INDEX developments_change_last_seen on developments(change, last_seen);
CREATE INDEX developments_first_seen on developments(first_seen);
CREATE INDEX development_articles_article on development_articles(article);
CREATE INDEX signals_ungrouped on signals(id) where development is null and retired_at is null;
CREATE INDEX signals_development on signals(development);
CREATE UNIQUE INDEX troubles_open on troubles(subject) where cleared_at is null;
CREATE INDEX alerts_due on alerts(next_attempt) where state = 'queued';
CREATE INDEX alerts_development on alerts(development);
CREATE INDEX alerts_trouble on alerts(trouble);
CREATE INDEX alerts_channel_sent on alerts(channel, sent_at);
CREATE VIEW alert_log as
select l.created_at, l.sent_at, l.channel, l.kind, l.stage, l.state, l.subject, l.attempts, l.last_error,
       l.id as alert, l.development, a.outlet, a.url
from alerts l left join articles a on a.id = l.article
order by l.id;
CREATE TRIGGER articles_fts_delete after delete on articles
when exists (select 1 from articles_fts_docsize where id = old.id) begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
end;
CREATE TRIGGER articles_fts_update after update of title, summary, text on articles
when exists (select 1 from articles_fts_docsize where id = old.id) begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end;
CREATE INDEX articles_first_seen on articles(first_seen, outlet);
CREATE INDEX articles_news_at on articles(news_at, language);
CREATE INDEX articles_undated on articles(first_seen) where news_at is null;
CREATE INDEX articles_nearly on articles(first_seen) where nearly is not null;
CREATE INDEX stories_first_seen on stories(first_seen);
CREATE INDEX developments_last_seen on developments(last_seen);
CREATE INDEX developments_follows on developments(follows) where follows is not null;
CREATE INDEX development_stages_since on development_stages(since, development);
CREATE INDEX alerts_state on alerts(state, created_at);
CREATE INDEX alerts_created_at on alerts(created_at);
CREATE INDEX troubles_since on troubles(since);
CREATE INDEX polls_new on polls(feed, at, new_entries) where new_entries > 0;
CREATE VIEW timeline as
select s.since, d.id as development, d.change, s.stage, h.title, d.actors, d.severity,
    coalesce(g.sentence, d.sentence) as sentence, coalesce(nullif(g.actors, ''), d.actors) as decided_by,
    (select count(*) from development_articles where development = d.id) as articles,
    (select count(distinct a.outlet) from development_articles da join articles a on a.id = da.article
        where da.development = d.id) as outlets,
    (select count(distinct a.story) from development_articles da join articles a on a.id = da.article
        where da.development = d.id) as stories,
    s.told_at, d.dismissed_at, d.follows,
    coalesce((select max(plain) from development_articles where development = d.id), 1) as plain
from development_stages s
join developments d on d.id = s.development
join articles h on h.id = s.article
left join signals g on g.id = (
    select min(one.id) from signals one
    where one.article = s.article and one.stage = s.stage and +one.development = d.id
)
order by s.since, d.id;
CREATE VIEW situation as
select t.change, t.stage, t.since, t.decided_by, t.title, t.actors, t.sentence, t.outlets, t.stories, t.development
from (
    select d.id, d.stage, row_number() over (partition by d.change order by s.since desc, d.id desc) as recent
    from developments d join development_stages s on s.development = d.id and s.stage = d.stage
    where d.dismissed_at is null and d.stage <> 'proposed' and (
        coalesce((select max(plain) from development_articles where development = d.id), 1)
        or (select count(distinct a.story) from development_articles da join articles a on a.id = da.article
            where da.development = d.id) >= 3
    )
) latest
join timeline t on t.development = latest.id and t.stage = latest.stage
where latest.recent = 1
order by t.change;
CREATE VIEW proposals as
select t.change, t.stage, t.since, t.decided_by, t.title, t.actors, t.sentence, t.outlets, t.stories, t.development
from developments d
join timeline t on t.development = d.id and t.stage = d.stage
left join situation s on s.change = d.change
where d.dismissed_at is null and d.stage = 'proposed' and t.since > coalesce(s.since, '')
    and (t.plain or t.stories >= 3)
    and not exists (
        select 1 from developments later join development_articles da on da.development = later.id
        where later.follows = d.id and later.dismissed_at is null and da.plain
    )
order by t.change, t.since desc, t.development desc;
pragma user_version = 8;
