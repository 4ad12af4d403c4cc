"""Whom TLS trusts: what the environment names, read or told as wrong, and the refusals in words."""

import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.certificates import DIRECTORIES, FILES, context
from monitor.errors import ConfigError
from monitor.models import FetchFailure, Response
from tests.authority import Authority, serving_as
from tests.test_fetch import OK, fetch

HTTPS = "https://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*FILES, DIRECTORIES):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_from_the_environment_the_usual_context_will_do() -> None:
    assert context({}) is None
    assert context({"SSL_CERT_FILE": ""}) is None


@pytest.mark.parametrize("variable", FILES)
def test_a_server_is_trusted_if_a_variable_names_its_authority(
    variable: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority.file))
    answer, _ = fetch(OK, HTTPS, tls=serving_as(authority.server()))
    assert isinstance(answer, Response), answer


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="only openssl knows how files in such a directory are named"
)
def test_a_directory_of_authorities_is_trusted_even_beside_one_that_is_missing(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(authority.file)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(authority.file, tmp_path / f"{name}.0")
    monkeypatch.setenv(DIRECTORIES, f"{tmp_path}:{tmp_path / 'missing'}")
    answer, _ = fetch(OK, HTTPS, tls=serving_as(authority.server()))
    assert isinstance(answer, Response), answer


def test_what_the_environment_names_is_read_anew_only_if_it_changes(authority: Authority) -> None:
    named = {"SSL_CERT_FILE": str(authority.file)}
    assert context(named) is context(dict(named))


@pytest.mark.parametrize("variable", [*FILES, DIRECTORIES])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["missing", "empty", "something else"])
def test_a_variable_that_names_what_cannot_be_trusted_is_an_error_at_once(
    variable: str, content: bytes | None, tmp_path: Path
) -> None:
    file = tmp_path / "bundle.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        context({variable: str(file)})
    [problem] = caught.value.problems
    assert variable in problem.message
    assert str(file) in problem.message
    assert "\n" not in str(problem)


def test_a_poll_with_such_a_variable_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "company.pem"))
    with pytest.raises(ConfigError, match=r"REQUESTS_CA_BUNDLE names .*company\.pem.* No such file"):
        fetch(OK)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        pytest.param({}, "nobody known here vouches", id="an authority that is not known"),
        pytest.param({"by_itself": True}, "self-signed certificate", id="signed by itself"),
        pytest.param({"days_old": 30}, "has expired", id="expired"),
        pytest.param({"days_old": -30}, "not valid yet", id="not valid yet"),
        pytest.param({"hosts": ("192.0.2.1",)}, "made out to another", id="another address"),
        pytest.param({"hosts": ("news.example",)}, "made out to another", id="another name"),
    ],
)
def test_each_fault_of_a_certificate_is_told_in_words_of_its_own(
    made: dict[str, object], words: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    if made:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = authority.server(**made)  # type: ignore[arg-type]
    answer, _ = fetch(OK, HTTPS, tls=serving_as(server))
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, words in answer.message) == ("tls", True), answer.message
    assert "_ssl.c" not in answer.message


def test_a_certificate_for_another_name_is_refused_for_a_name_too(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = authority.server(("news.example",))
    answer, _ = fetch(OK, "https://localhost:{port}/", tls=serving_as(server))
    assert isinstance(answer, FetchFailure)
    assert (answer.kind, "made out to another name" in answer.message) == ("tls", True), answer.message
