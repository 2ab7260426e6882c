"""The same tasks as in hostile-tasks.mjs: what code does that harms whoever shares its process, or tries to."""

import asyncio
import ctypes
import os
import subprocess
import sys
import threading

started = []


async def echo(value):
    return value


async def whoami():
    return os.getpid()


async def hold():
    """Waits until the next ``let_go``."""
    event = asyncio.Event()
    started.append(event)
    await event.wait()
    return "held"


async def let_go():
    while started:
        started.pop().set()


def close_files():
    os.closerange(0, 256)


def leave():
    os._exit(3)


def leave_politely():
    sys.exit(3)


def crash():
    ctypes.string_at(0)


def abort():
    os.abort()


async def large():
    return "x" * 100_000_000


async def circular():
    value = []
    value.append({"rows": value})
    return value


async def flood():
    """Prints 50 MB, letting others run."""
    for _ in range(50_000):
        print("x" * 999)
        await asyncio.sleep(0)


async def flood_for_ever():
    """Prints without end, and lets nothing else run."""
    while True:
        print("x" * 999)


def flood_descriptors():
    """10 MB past the runner's own capture of output."""
    for _ in range(160):
        os.write(1, b"x" * 65_536)


def spin_threads():
    """Returns, and leaves threads that never end."""

    def spin():
        while True:
            pass

    for _ in range(4):
        threading.Thread(target=spin).start()
    return "spinning"


def leave_processes():
    """Children that would outlive their runner: one in its group, one in a session of its own."""
    command = ["sleep", "1000"]
    return [subprocess.Popen(command).pid, subprocess.Popen(command, start_new_session=True).pid]


def fork():
    """Both processes come back from it."""
    return "child" if os.fork() == 0 else "parent"


def fork_and_raise():
    if os.fork() == 0:
        raise RuntimeError("in the child")
    return "parent"


def fork_and_print():
    child = os.fork()
    print("printed by", "child" if child == 0 else "parent")
    return "child" if child == 0 else "parent"


async def fork_in_loop():
    return "child" if os.fork() == 0 else "parent"


async def fork_in_loop_and_wait():
    child = os.fork()
    await asyncio.sleep(0.01)
    return "child" if child == 0 else "parent"
