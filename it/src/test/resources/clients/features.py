# Runs inside nbdsh, not connected; `uri` names an export of at least 32 MiB that may be written to, `members` is how many members it
# has and `chunk` its chunk, in bytes.

KIB, MIB = 1 << 10, 1 << 20


def connected(structured, contexts):
    c = nbd.NBD()
    c.set_request_structured_replies(structured)
    for context in contexts:
        c.add_meta_context(context)
    c.set_strict_mode(0)  # libnbd must send what we tell it to, legal or not
    c.connect_uri(uri)
    assert c.get_structured_replies_negotiated() == structured
    return c


def refused(what, want, call, *args):
    try:
        call(*args)
    except nbd.Error as e:
        assert e.errno == want, "%s: %s instead of %s" % (what, e.errno, want)
    else:
        raise AssertionError("%s: was not refused" % what)


def pieces(c, length, offset, flags=0):
    """What a READ was answered with: (offset, length, is hole) in order, and the bytes."""
    seen = []

    def chunk(buffer, at, status, error):
        assert error.value == 0
        seen.append((at, len(buffer), status == nbd.READ_HOLE))

    data = bytes(c.pread_structured(length, offset, chunk, flags))
    seen.sort()
    assert sum(piece[1] for piece in seen) == length
    return seen, data


def status(c, length, offset, flags=0):
    """Block status, by context: (offset, length, status) in order, clipped to what was asked."""
    told = {}

    def extents(context, at, entries, error):
        runs = told.setdefault(context, [])
        for size, state in zip(entries[::2], entries[1::2]):
            runs.append((at, size, state))
            at += size

    c.block_status(length, offset, extents, flags)
    return told


# Without structured replies everything works but what needs them.
c = connected(False, ["base:allocation"])
c.zero(32 * MIB, 0)
c.pwrite(b"s" * 4096, 1 * MIB)
assert bytes(c.pread(8192, 1 * MIB)) == b"s" * 4096 + bytes(4096)
assert not c.can_df() and not c.can_meta_context("base:allocation")
refused("DF without structured replies", "EINVAL", c.pread_structured, 4096, 0, lambda *a: None, nbd.CMD_FLAG_DF)
c.shutdown()

c = connected(True, ["base:allocation", "kiobd:member", "base:unknown", "x-nobody:knows"])
assert c.can_df() and c.can_fast_zero() and c.can_cache()
assert c.can_meta_context("base:allocation") and c.can_meta_context("kiobd:member")
assert not c.can_meta_context("base:unknown") and not c.can_meta_context("x-nobody:knows")

# Holes are holes, data is data, and DF brings it all in one piece.
data = bytes((i * 7 + i // 251) & 255 for i in range(256 * KIB))
c.pwrite(data, 4 * MIB)
seen, got = pieces(c, 1 * MIB, 4 * MIB - 128 * KIB)
assert got == bytes(128 * KIB) + data + bytes(640 * KIB)
holes = sum(length for _, length, hole in seen if hole)
assert holes == 768 * KIB, seen
seen, whole = pieces(c, 1 * MIB, 4 * MIB - 128 * KIB, nbd.CMD_FLAG_DF)
assert whole == got and seen == [(4 * MIB - 128 * KIB, 1 * MIB, False)], seen
seen, _ = pieces(c, 8 * MIB, 16 * MIB)
assert all(hole for _, _, hole in seen), seen

# Block status says the same, whole and one by one.
told = status(c, 1 * MIB, 4 * MIB - 128 * KIB)
assert told["base:allocation"] == [
    (4 * MIB - 128 * KIB, 128 * KIB, 3), (4 * MIB, 256 * KIB, 0), (4 * MIB + 256 * KIB, 640 * KIB, 3)], told
at = 0
for offset, length, member in status(c, 4 * MIB, 0)["kiobd:member"]:
    assert offset == at and member == at // chunk % members, (offset, length, member)
    assert members == 1 or length == chunk
    at += length
one = status(c, 1 * MIB, 4 * MIB - 128 * KIB, nbd.CMD_FLAG_REQ_ONE)
assert one["base:allocation"] == [(4 * MIB - 128 * KIB, 128 * KIB, 3)], one
assert len(one["kiobd:member"]) == 1 and one["kiobd:member"][0][1] <= 1 * MIB
one = status(c, 4 * KIB, 16 * MIB + 1, nbd.CMD_FLAG_REQ_ONE)
assert one["base:allocation"] == [(16 * MIB + 1, 4 * KIB, 3)], one

# Trims make holes, zeroes make holes unless told not to; fast zeroing is fast here.
c.trim(64 * KIB, 4 * MIB)
assert status(c, 64 * KIB, 4 * MIB)["base:allocation"] == [(4 * MIB, 64 * KIB, 3)]
c.zero(64 * KIB, 4 * MIB + 64 * KIB, nbd.CMD_FLAG_FAST_ZERO)
assert bytes(c.pread(256 * KIB, 4 * MIB)) == bytes(128 * KIB) + data[128 * KIB:]
c.zero(128 * KIB, 8 * MIB, nbd.CMD_FLAG_NO_HOLE)
c.zero(64 * KIB, 4 * MIB + 128 * KIB, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE)
assert bytes(c.pread(256 * KIB, 4 * MIB)) == bytes(192 * KIB) + data[192 * KIB:]

# What is wrong is refused, with chunks as without, and the connection lives.
refused("block status past the end", "EINVAL", c.block_status, 512, c.get_size(), lambda *a: None)
refused("READ past the end", "EINVAL", c.pread, 512, c.get_size())
refused("WRITE past the end", "ENOSPC", c.pwrite, bytes(512), c.get_size())
refused("DF on WRITE", "EINVAL", c.pwrite, bytes(512), 0, nbd.CMD_FLAG_DF)
refused("REQ_ONE on READ", "EINVAL", c.pread, 512, 0, nbd.CMD_FLAG_REQ_ONE)
refused("FAST_ZERO on TRIM", "EINVAL", c.trim, 512, 0, nbd.CMD_FLAG_FAST_ZERO)
c.flush()
c.shutdown()

# Contexts are listed by name and by namespace.
c = nbd.NBD()
c.set_opt_mode(True)
c.connect_uri(uri)
for queries, want in [
        ([], {"base:allocation", "kiobd:member"}), (["base:"], {"base:allocation"}), (["kiobd:"], {"kiobd:member"}),
        (["qemu:"], set()), (["kiobd:member"], {"kiobd:member"})]:
    c.clear_meta_contexts()
    for query in queries:
        c.add_meta_context(query)
    found = set()
    c.opt_list_meta_context(lambda name: found.add(name))
    assert found == want, (queries, found)
c.opt_abort()
print("all right")
