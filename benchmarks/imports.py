"""How fast a table of readers comes in, and with how much memory, beside the database's own bulk load of the same rows.

    .venv/bin/python benchmarks/imports.py [ROWS] [--on sqlite|postgresql]     default: 1,000,000 rows on both

The import is the whole path of `syndication subscribers import --confirmed`: reading the file once to see that it is sound, then parsing, checking each
address, hashing, looking for repeats, suppressions and known readers, and writing subscriber, subscription and consent record in groups. The bulk load gets
exactly the rows that the import made, ready in memory, and only writes them: COPY (PostgreSQL) or executemany (SQLite) into the same three tables with the
same indexes and constraints, once in a single transaction and once in the import's groups; the faster one counts. Fresh database for each, one run.
"""

import argparse
import io
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from newsletter import address_of, name_of
from receivers import REPOSITORY

from syndication.cli import children

sys.path.insert(0, str(REPOSITORY / "tests"))
GROUP = 10_000
TABLES = {
    "syndication_subscriber": (
        "id", "uid", "address", "address_hash", "name", "attributes", "locale", "time_zone", "state", "tracking_consent", "links_revoked_at",
        "bounce_score", "bounced_at", "created_at", "updated_at",
    ),
    "syndication_subscription": ("id", "subscriber_id", "list_id", "state", "frequency", "paused_until", "changed_at", "created_at"),
    "syndication_consentrecord": ("id", "subscription_id", "state", "how", "detail", "wording_id", "network", "import_job_id", "at"),
}  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("rows", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("--on", choices=["sqlite", "postgresql"], help="only this database")
    arguments.add_argument("--part", choices=["import", "bulk-one", "bulk-groups"], help=argparse.SUPPRESS)
    arguments.add_argument("--file", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.part:
        part(asked.part, asked.file)
        return
    for database in [asked.on] if asked.on else ["sqlite", "postgresql"]:
        measure(asked.rows, database)


def measure(rows: int, database: str) -> None:
    """One database: the import, then the two bulk loads of what it made."""
    with tempfile.TemporaryDirectory(prefix="syndication-bench-") as place:
        folder = Path(place)
        table = folder / "readers.csv"
        with table.open("w", encoding="utf-8") as file:
            file.write("email,name,plan\n")
            file.writelines(f"{address_of(one)},{name_of(one)},{'pro' if one % 3 else 'free'}\n" for one in range(rows))
        server = None
        if database == "postgresql":
            from support import postgresql

            server = postgresql.start(())  # as firm as a user's: fsync on
        try:
            print(f"{database}: {rows:,} rows, {table.stat().st_size / 2**20:.0f} MB of CSV")
            made = run(folder, "import", server, table)
            loads = {name: run(folder, name, server, table) for name in ("bulk-one", "bulk-groups")}
        finally:
            if server:
                server.stop()
    best = min(load["seconds"] for load in loads.values())
    print(
        f"  import: {rows / made['seconds']:,.0f} rows/s ({made['seconds']:.1f} s, {made['cpu']:.1f} s of CPU in the process), peak {made['peak_mb']:.0f} MB ({made['counts']})"
    )
    for name, load in loads.items():
        print(f"  {name}: {rows / load['seconds']:,.0f} rows/s ({load['seconds']:.1f} s, {load['cpu']:.1f} s of CPU)")
    print(f"  the import reaches {100 * best / made['seconds']:.0f} % of the faster bulk load's rate")


def run(folder: Path, name: str, server: object, table: Path) -> dict:
    """One part in a process and an installation of its own."""
    home = folder / name
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))}
    if server is not None:
        import psycopg

        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        environ["DATABASE_URL"] = server.url(name)
    environ = children.environ_of_children(environ, home=home, feeds=home / "feeds", package_folder=REPOSITORY)
    environ["PYTHONPATH"] += f":{REPOSITORY / 'benchmarks'}"
    subprocess.run([sys.executable, "-m", "syndication", "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(
        [sys.executable, __file__, "--part", name, "--file", str(table)], env=environ, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def part(name: str, file: str) -> None:
    """What one process does; it prints JSON."""
    import django

    django.setup()
    if name == "import":
        import_it(file)
    else:
        bulk_it(name, file)


def import_it(file: str) -> None:
    """The command itself, in this process, so that its memory can be told; what it wrote is then put down for the bulk loads."""
    from django.db import connection

    from syndication.cli.main import command_line

    command_line.main(["list", "create", "news"], standalone_mode=False)
    said, sys.stdout = sys.stdout, io.StringIO()
    began, cpu = time.monotonic(), time.process_time()
    command_line.main(["subscribers", "import", file, "--list", "news", "--confirmed", "--json"], standalone_mode=False)
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    counts = json.loads(sys.stdout.getvalue())
    sys.stdout = said
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for table, columns in TABLES.items():
        question = f"SELECT {', '.join(columns)} FROM {table} ORDER BY id"
        with Path(f"{file}.{table}").open("wb") as kept:
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor, cursor.copy(f"COPY ({question}) TO STDOUT") as copy:
                    kept.writelines(copy)
            else:  # past Django's converters: as the file has it
                rows = sqlite3.connect(connection.settings_dict["NAME"]).execute(question)
                kept.writelines(json.dumps(row).encode() + b"\n" for row in rows)
    told = {key: counts[key] for key in ("new", "updated", "unchanged", "refused_count")}
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "counts": told}))


def bulk_it(name: str, file: str) -> None:
    """Write the rows that the import made; they are in memory before the clock starts."""
    from django.db import connection, transaction

    from syndication.cli.main import command_line

    command_line.main(["list", "create", "news"], standalone_mode=False)
    if connection.vendor == "postgresql":
        lines = {table: Path(f"{file}.{table}").read_bytes().splitlines(keepends=True) for table in TABLES}
    else:
        lines = {table: [json.loads(line) for line in Path(f"{file}.{table}").read_bytes().splitlines()] for table in TABLES}
    from syndication.audience.models import ImportJob, SubscriberList

    ImportJob.objects.create(list=SubscriberList.objects.get())
    count = len(lines["syndication_subscriber"])
    size = count if name == "bulk-one" else GROUP
    began, cpu = time.monotonic(), time.process_time()
    for at in range(0, count, size):
        with transaction.atomic(), connection.cursor() as cursor:
            for table, columns in TABLES.items():
                names, rows = ", ".join(columns), lines[table][at : at + size]
                if connection.vendor == "postgresql":
                    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                        for block in range(0, len(rows), GROUP):
                            copy.write(b"".join(rows[block : block + GROUP]))
                else:
                    cursor.cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
    print(json.dumps({"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
