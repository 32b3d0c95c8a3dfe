"""Emulates one link between two network namespaces, for kernels without netem.

Usage: link-emulator.py NAMESPACE_A NAMESPACE_B DELAY_MS RATE_MBIT QUEUE_KIB LOSS SEED

Makes a TUN device in each namespace (fa with 10.8.0.1, fb with 10.8.0.2), prints "ready" and
carries packets between them: one way takes DELAY_MS after the packet has been sent at RATE_MBIT
from a queue of QUEUE_KIB that drops at its end; LOSS (0 to 1) packets vanish, chosen by SEED.
Ends on SIGTERM, and when its standard input closes. Needs root.
"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
PACKET_MAX_BYTES = 2048
READS_PER_TURN = 64

libc = ctypes.CDLL("libc.so.6", use_errno=True)


def enter(namespace_fd):
    if libc.setns(namespace_fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_tun(namespace, device, address):
    """A TUN device inside a namespace, as a file descriptor of this process."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + namespace, os.O_RDONLY)
    enter(there)
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN_NO_PI))
        for command in (
            ["ip", "addr", "add", address + "/24", "dev", device],
            ["ip", "link", "set", device, "up", "mtu", "1500", "txqueuelen", "2000"],
            ["ip", "link", "set", "lo", "up"],
        ):
            subprocess.run(command, check=True)
        # Loss-based congestion control everywhere, so that machines compare.
        subprocess.run(
            ["ip", "route", "replace", "10.8.0.0/24", "dev", device, "congctl", "cubic"],
            check=False,
        )
        return tun
    finally:
        enter(home)
        os.close(home)
        os.close(there)


class Link:
    """Packets under way, in both directions."""

    def __init__(self, ends, delay_s, bytes_per_s, queue_bytes, loss, seed):
        self.other = {ends[0]: ends[1], ends[1]: ends[0]}
        self.free_at = {end: 0.0 for end in ends}
        self.delay_s = delay_s
        self.bytes_per_s = bytes_per_s
        self.queue_bytes = queue_bytes
        self.loss = loss
        self.chance = random.Random(seed)
        self.under_way = []
        self.count = 0

    def take(self, end, packet, now):
        """Queues a packet that left `end`, or drops it."""
        if self.loss and self.chance.random() < self.loss:
            return
        start = max(now, self.free_at[end])
        if (start - now) * self.bytes_per_s > self.queue_bytes:
            return
        sent = start + len(packet) / self.bytes_per_s
        self.free_at[end] = sent
        self.count += 1
        entry = (sent + self.delay_s, self.count, self.other[end], packet)
        heapq.heappush(self.under_way, entry)

    def deliver(self, now):
        """Hands over what has arrived; returns the wait until the next, in seconds."""
        while self.under_way and self.under_way[0][0] <= now:
            _, _, end, packet = heapq.heappop(self.under_way)
            try:
                os.write(end, packet)
            except BlockingIOError:
                pass
        return max(0.0, self.under_way[0][0] - now) if self.under_way else 1.0


def read_packets(end):
    for _ in range(READS_PER_TURN):
        try:
            yield os.read(end, PACKET_MAX_BYTES)
        except BlockingIOError:
            return


def outrank_others():
    """A network does not wait for a processor, so its emulator must not either."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError as error:
        print(f"the emulator has no real-time priority: {error}", file=sys.stderr)


def main(arguments):
    outrank_others()
    name_a, name_b, delay_ms, rate_mbit, queue_kib, loss, seed = arguments
    ends = [open_tun(name_a, "fa", "10.8.0.1"), open_tun(name_b, "fb", "10.8.0.2")]
    bytes_per_s = float(rate_mbit) * 1e6 / 8
    link = Link(ends, float(delay_ms) / 1e3, bytes_per_s, int(queue_kib) * 1024, float(loss), int(seed))
    print("ready", flush=True)
    while True:
        wait_s = link.deliver(time.monotonic())
        readable, _, _ = select.select([*ends, sys.stdin], [], [], wait_s)
        if sys.stdin in readable and not os.read(sys.stdin.fileno(), 1):
            return
        now = time.monotonic()
        for end in ends:
            if end in readable:
                for packet in read_packets(end):
                    link.take(end, packet, now)


if __name__ == "__main__":
    main(sys.argv[1:])
