"""What a process costs, from /proc (Linux)."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_memory(pid: int) -> int:
    """Return the most memory that a process had since it started or was reset, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def reset_peak_memory(pid: int) -> None:
    """Start to measure the peak anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_name() -> str:
    """Return the processor by its core count and the widest vector instructions that it has."""
    content = Path("/proc/cpuinfo").read_text()
    flags = next((line for line in content.splitlines() if line.startswith("flags")), "").split()
    names = {"avx512_vnni": "AVX-512 VNNI", "avx512f": "AVX-512", "avx2": "AVX2"}
    return f"{os.cpu_count()} cores, {next((name for flag, name in names.items() if flag in flags), 'no AVX2')}"
