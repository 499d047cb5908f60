import subprocess

import pytest

from scripts.development import audit

CLEAN = {"name": "flask", "version": "3.1", "vulns": []}
BAD = {"name": "old", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "numpy", "skip_reason": "not found on PyPI"}


def test_a_vulnerability_is_named_and_fails(capsys):
    assert audit.report([CLEAN, BAD]) == 1
    assert "old 1: PYSEC-1, fixed in 2" in capsys.readouterr().out


def test_what_was_not_audited_is_not_hidden(capsys):
    assert audit.report([CLEAN, SKIPPED]) == 0
    said = capsys.readouterr().out
    assert "1 packages audited, 0 vulnerable" in said
    assert "1 NOT AUDITED, such as: not found on PyPI" in said


@pytest.mark.parametrize("output", ["", "no json", "{}"])
def test_an_audit_that_fails_is_reported(monkeypatch, capsys, output):
    done = subprocess.CompletedProcess([], 1, output, "ConnectionError: no network\n")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert audit.main() == 0
    assert capsys.readouterr().out == "pip-audit: NOT AUDITED (ConnectionError: no network)\n"


def test_an_audit_that_hangs_is_reported(monkeypatch, capsys):
    def hang(*_, **__):
        raise subprocess.TimeoutExpired([], 1)

    monkeypatch.setattr(audit.subprocess, "run", hang)
    assert audit.main() == 0
    assert "NOT AUDITED, no answer" in capsys.readouterr().out
