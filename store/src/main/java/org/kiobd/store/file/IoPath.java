package org.kiobd.store.file;

/** The ways in which a file operation can be done. {@link IoPathChooser} chooses one; docs/ARCHITECTURE.md has the table. */
enum IoPath {
    /** No transfer: the reply is a hole, or a part of the file that is sent from the page cache; or the operation has no effect. */
    NONE,
    /** A call on the loop that copies between memory and the page cache. A READ whose data is not cached goes on to the path that waits. */
    CALL,
    /** splice(2) on the loop, from pipes to the page cache. */
    SPLICE,
    /** splice(2) on the {@link WriteLane} of the loop. */
    SPLICE_BESIDE_LOOP,
    /** An operation of the loop's io_uring. */
    RING,
    /** A call on a file thread. */
    THREADS,
    /** A sync on a file thread, which the requests of all loops share. */
    SYNC,
    /** Direct I/O piece by piece through aligned memory ({@link BouncedOp}). */
    BOUNCE
}
