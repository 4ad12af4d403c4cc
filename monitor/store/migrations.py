"""The tables, as an ordered list of steps; each commits together with the record that it ran.

A step calls no living code of the application: what it writes must not change when that code does.
"""

from monitor.store.library import Database, Migrations

migrations = Migrations("haiti-monitor")


@migrations()
def m001_tables(db: Database) -> None:
    """Everything that the first version stores. Times are ISO 8601 in UTC, such as 2025-09-30T14:05:00Z."""
    db.executescript(_TABLES)
    db.executescript(_SEARCH)
    db.executescript(_VIEWS)
    db.execute("pragma user_version = 1")


@migrations()
def m002_roles(db: Database) -> None:
    """Who does what in the evidence, in words: `OAS takes over, Kenya hands over`."""
    db.execute("alter table signals add column roles text not null default ''")
    db.execute("pragma user_version = 2")


@migrations()
def m003_story_index(db: Database) -> None:
    """By what copies of one text find each other; stories that are there stay as they are."""
    db.executescript(_STORY_INDEX)
    db.execute("pragma user_version = 3")


@migrations()
def m004_situation(db: Database) -> None:
    """What a development followed and who does what in it, which reports say it plainly, and alarms of the monitor."""
    db.executescript(_SITUATION)
    db.execute("pragma user_version = 4")


@migrations()
def m005_claims(db: Database) -> None:
    """Until when an alert is somebody's who sends it, and which recipients (hashed) have it while others refuse it; by
    how many days a date may be off to either side; whether a stage was guessed. A mere mention of what followed takes
    no proposal off the table any more.
    """
    db.execute("alter table alerts add column claimed_by text")
    db.execute("alter table alerts add column claimed_until text")
    db.execute("alter table alerts add column failing_since text")
    db.execute("alter table alerts add column served text not null default ''")
    db.executescript(_PROPOSALS)
    db.execute("alter table articles add column published_give_days integer not null default 0")
    db.execute("alter table signals add column guessed integer not null default 0")
    db.execute("pragma user_version = 5")


@migrations()
def m006_polling(db: Database) -> None:
    """What a feed carried when it was last read, its rhythm, and whether it is gone for good; what sites say about
    being read, in robots.txt. Full-text search indexes new articles in bulk: row by row it costs four times as much.
    """
    db.executescript(_POLLING)
    db.executescript(_ROBOTS)
    db.execute("pragma user_version = 6")


@migrations()
def m007_looking(db: Database) -> None:
    """The words that decided a signal, and the rules that nearly held in an article, for people who look; indexes for
    what they look at.
    """
    db.executescript(_LOOKING)
    db.execute("pragma user_version = 7")


@migrations()
def m008_years(db: Database) -> None:
    """Which articles a feed still carried when it was last read from end to end: those are not deleted, however old;
    and when what keeps the file small was last done.
    """
    db.execute("alter table sightings add column carried_at text")
    db.execute("alter table feeds add column whole_at text")
    db.execute("create table upkeep (task text primary key, done_at text not null) without rowid")
    db.execute("pragma user_version = 8")


_LOOKING = """
alter table signals add column words text not null default '';
alter table articles add column nearly text;
drop index articles_first_seen;
create index articles_first_seen on articles(first_seen, outlet);
drop index articles_news_at;
create index articles_news_at on articles(news_at, language);
create index articles_undated on articles(first_seen) where news_at is null;
create index articles_nearly on articles(first_seen) where nearly is not null;
create index stories_first_seen on stories(first_seen);
create index developments_last_seen on developments(last_seen);
create index developments_follows on developments(follows) where follows is not null;
create index development_stages_since on development_stages(since, development);
create index alerts_state on alerts(state, created_at);
create index alerts_created_at on alerts(created_at);
create index troubles_since on troubles(since);
create index polls_new on polls(feed, at, new_entries) where new_entries > 0;

drop view proposals;
drop view situation;
drop view timeline;

create view timeline as
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

create view situation as
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

create view proposals as
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
"""

_POLLING = """
alter table feeds add column seen text not null default '';
alter table feeds add column interval_seconds integer;
alter table feeds add column ttl_seconds integer;
alter table feeds add column skip_hours text not null default '';
alter table feeds add column skip_days text not null default '';
alter table feeds add column last_full text;
alter table feeds add column retired_at text;
drop index articles_title_key;
drop trigger articles_fts_insert;
drop trigger articles_fts_delete;
drop trigger articles_fts_update;
create trigger articles_fts_delete after delete on articles
when exists (select 1 from articles_fts_docsize where id = old.id) begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
end;
create trigger articles_fts_update after update of title, summary, text on articles
when exists (select 1 from articles_fts_docsize where id = old.id) begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end;
"""

_ROBOTS = """
create table robots (
    origin text primary key,
    fetched_at text not null,
    body text not null
) without rowid;
"""

_PROPOSALS = """
drop view proposals;
create view proposals as
select t.change, t.stage, t.since, t.decided_by, t.title, t.actors, t.sentence, t.outlets, t.stories, t.development
from timeline t
join developments d on d.id = t.development
left join situation s on s.change = t.change
where t.dismissed_at is null and t.stage = 'proposed' and d.stage = 'proposed'
    and t.since > coalesce(s.since, '') and (t.plain or t.stories >= 3)
    and not exists (
        select 1 from developments later join development_articles da on da.development = later.id
        where later.follows = d.id and later.dismissed_at is null and da.plain
    )
order by t.change, t.since desc, t.development desc;
"""

_SITUATION = """
drop view alert_log;
drop view situation;
drop view timeline;

alter table articles add column copy_by text;
alter table developments add column roles text not null default '';
alter table developments add column follows integer references developments(id);
alter table development_articles add column plain integer not null default 1;

create table troubles (
    id integer primary key,
    subject text not null,
    what text not null,
    since text not null,
    cleared_at text
);
create unique index troubles_open on troubles(subject) where cleared_at is null;

create table alerts_of_all (
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
);
insert into alerts_of_all (id, development, article, channel, kind, stage, state, attempts, next_attempt, created_at,
    sent_at, last_error, message_key, subject, text, html)
select id, development, article, channel, kind, stage, state, attempts, next_attempt, created_at,
    sent_at, last_error, message_key, subject, text, html from alerts;
drop table alerts;
alter table alerts_of_all rename to alerts;
create index alerts_due on alerts(next_attempt) where state = 'queued';
create index alerts_development on alerts(development);
create index alerts_trouble on alerts(trouble);
create index alerts_channel_sent on alerts(channel, sent_at);

create view timeline as
select s.since, d.id as development, d.change, s.stage, h.title, d.actors, d.severity,
       coalesce(g.sentence, d.sentence) as sentence, coalesce(nullif(g.actors, ''), d.actors) as decided_by,
       count(distinct a.id) as articles, count(distinct a.outlet) as outlets, count(distinct a.story) as stories,
       s.told_at, d.dismissed_at, d.follows, coalesce(max(da.plain), 1) as plain
from developments d
join development_stages s on s.development = d.id
join articles h on h.id = s.article
left join signals g on g.id = (
    select min(one.id) from signals one where one.development = d.id and one.article = s.article and one.stage = s.stage
)
left join development_articles da on da.development = d.id
left join articles a on a.id = da.article
group by d.id, s.stage
order by s.since, d.id;

create view situation as
select change, stage, since, decided_by, title, actors, sentence, outlets, stories, development
from (
    select t.*, row_number() over (partition by t.change order by t.since desc, t.development desc) as recent
    from timeline t join developments d on d.id = t.development
    where t.dismissed_at is null and t.stage <> 'proposed' and t.stage = d.stage and (t.plain or t.stories >= 3)
)
where recent = 1
order by change;

create view proposals as
select t.change, t.stage, t.since, t.decided_by, t.title, t.actors, t.sentence, t.outlets, t.stories, t.development
from timeline t
join developments d on d.id = t.development
left join situation s on s.change = t.change
where t.dismissed_at is null and t.stage = 'proposed' and d.stage = 'proposed'
    and t.since > coalesce(s.since, '') and (t.plain or t.stories >= 3)
    and not exists (select 1 from developments later where later.follows = d.id and later.dismissed_at is null)
order by t.change, t.since desc, t.development desc;

create view alert_log as
select l.created_at, l.sent_at, l.channel, l.kind, l.stage, l.state, l.subject, l.attempts, l.last_error,
       l.id as alert, l.development, a.outlet, a.url
from alerts l left join articles a on a.id = l.article
order by l.id;
"""

_STORY_INDEX = """
drop table article_paragraphs;
alter table articles add column story_key text;
create table story_runs (
    run integer not null,
    day integer not null,
    article integer not null references articles(id),
    primary key (run, day, article)
) without rowid;
create table story_words (
    word text not null,
    day integer not null,
    article integer not null references articles(id),
    primary key (word, day, article)
) without rowid;
create table headline_words (
    word text primary key,
    articles integer not null
) without rowid;
create table article_lines (
    line integer not null,
    article integer not null references articles(id),
    primary key (line, article)
) without rowid;
create table outlet_lines (
    outlet text not null,
    line integer not null,
    primary key (outlet, line)
) without rowid;
"""

_TABLES = """
create table feeds (
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
);
create table polls (
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
create index polls_feed_at on polls(feed, at);
create index polls_at on polls(at);
create table stories (
    id integer primary key,
    title text not null,
    first_seen text not null
);
create table articles (
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
);
create unique index articles_canonical_url on articles(canonical_url) where canonical_url is not null;
create index articles_outlet_title on articles(outlet, title_key);
create index articles_title_key on articles(title_key);
create index articles_to_read on articles(next_read) where read_state = 'wanted';
create index articles_rules_version on articles(rules_version);
create index articles_first_seen on articles(first_seen);
create index articles_news_at on articles(news_at);
create index articles_story on articles(story);
create table article_paragraphs (
    key text not null,
    article integer not null references articles(id),
    words integer not null,
    primary key (key, article)
) without rowid;
create index article_paragraphs_article on article_paragraphs(article, words);
create table sightings (
    feed integer not null references feeds(id),
    article integer not null references articles(id),
    guid text,
    url text,
    first_seen text not null,
    primary key (feed, article)
);
create index sightings_guid on sightings(feed, guid);
create index sightings_article on sightings(article);
create table developments (
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
);
create index developments_change_last_seen on developments(change, last_seen);
create index developments_first_seen on developments(first_seen);
create table development_stages (
    development integer not null references developments(id),
    stage text not null,
    since text not null,
    article integer not null references articles(id),
    told_at text,
    primary key (development, stage)
);
create table development_articles (
    development integer not null references developments(id),
    article integer not null references articles(id),
    stage text not null,
    added_at text not null,
    primary key (development, article)
);
create index development_articles_article on development_articles(article);
create table signals (
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
    retired_at text,
    unique (article, rule, stage, field, start_offset, end_offset)
);
create index signals_ungrouped on signals(id) where development is null and retired_at is null;
create index signals_development on signals(development);
create table alerts (
    id integer primary key,
    development integer not null references developments(id),
    article integer references articles(id),
    channel text not null,
    kind text not null,
    stage text not null,
    state text not null default 'queued',
    attempts integer not null default 0,
    next_attempt text,
    created_at text not null,
    sent_at text,
    last_error text,
    message_key text not null unique,
    subject text not null,
    text text not null,
    html text not null
);
create index alerts_due on alerts(next_attempt) where state = 'queued';
create index alerts_development on alerts(development);
create index alerts_channel_sent on alerts(channel, sent_at);
"""

_SEARCH = """
create virtual table articles_fts using fts5 (
    title, summary, text, content='articles', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
create trigger articles_fts_insert after insert on articles begin
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end;
create trigger articles_fts_delete after delete on articles begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
end;
create trigger articles_fts_update after update of title, summary, text on articles begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end;
"""

_VIEWS = """
create view timeline as
select s.since, d.id as development, d.change, s.stage, h.title, d.actors, d.severity,
       coalesce((select g.sentence from signals g
                 where g.development = d.id and g.article = s.article and g.stage = s.stage order by g.id limit 1),
                d.sentence) as sentence,
       count(distinct a.id) as articles, count(distinct a.outlet) as outlets, count(distinct a.story) as stories,
       s.told_at, d.dismissed_at
from developments d
join development_stages s on s.development = d.id
join articles h on h.id = s.article
left join development_articles da on da.development = d.id
left join articles a on a.id = da.article
group by d.id, s.stage
order by s.since, d.id;

create view situation as
select change, stage, since, development, title, actors, sentence, outlets, stories
from (
    select t.*, row_number() over (partition by change, stage order by since desc, development desc) as recent
    from timeline t where dismissed_at is null
)
where recent = 1
order by change, since;

create view alert_log as
select l.created_at, l.sent_at, l.channel, l.kind, l.stage, l.state, l.subject, l.attempts, l.last_error,
       l.id as alert, l.development, a.outlet, a.url
from alerts l left join articles a on a.id = l.article
order by l.id;
"""
