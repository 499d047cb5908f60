"""Ask pip-audit for known vulnerabilities of the installed packages; say plainly what could not be audited.

    .venv/bin/python scripts/development/audit.py

Exit status 1 if a vulnerability is known. Without the network, or where the package registry has no such data, it says
so and ends with 0: that is no clean audit, and the line says that too.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

SECONDS = 300
COMMAND = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off"]


def main() -> int:
    """Audit; return the exit status."""
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        print(f"pip-audit: NOT AUDITED, no answer within {SECONDS} s")
        return 0
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"pip-audit: NOT AUDITED ({reason[:200]})")
        return 0
    return report(packages)


def report(packages: list[dict[str, Any]]) -> int:
    """Print the outcome for pip-audit's ``dependencies``; return the exit status."""
    skipped = [package for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    print(f"pip-audit: {len(packages) - len(skipped)} packages audited, {len(vulnerable)} vulnerable")
    if skipped:
        print(f"pip-audit: {len(skipped)} NOT AUDITED, such as: {skipped[0]['skip_reason']}")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
