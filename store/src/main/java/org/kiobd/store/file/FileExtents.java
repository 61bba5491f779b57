package org.kiobd.store.file;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;
import org.kiobd.volume.ReadPiece;

/**
 * What of an open file is stored and what is a hole, and so which READs need no reading. Belongs to its {@link OpenFile}, shared by the ports
 * of all loops. Any thread.
 */
final class FileExtents {
    private static final int BLOCK_BYTES = 4096;

    /** A reply for a hole takes about forty bytes and its own place in a gathered write. */
    private static final long SHORTEST_HOLE_BYTES = 4096;

    private static final int MAX_EXTENTS_A_READ = 16;
    private static final int LOOKS_A_STAT = 4096;

    private final int fd;
    private final long dataOffsetBytes;
    private final FileEnd end;
    private final boolean isRegular;
    private final boolean isCached;
    private int holeLooks;
    private volatile boolean isFull;

    /**
     * Borrows the descriptor.
     *
     * @param dataOffsetBytes where the data area begins in the file
     * @param isRegular a file, which may have holes, and no device
     * @param isCached its data go by way of the page cache, so they may be sent from there
     */
    FileExtents(int fd, long dataOffsetBytes, FileEnd end, boolean isRegular, boolean isCached) {
        this.fd = fd;
        this.dataOffsetBytes = dataOffsetBytes;
        this.end = end;
        this.isRegular = isRegular;
        this.isCached = isCached;
    }

    /** It may have a hole that was not there before. */
    void punched() {
        isFull = false;
    }

    /**
     * What the file system has stored for {@code range} of the data area. It moves the descriptor's own position, which nobody uses:
     * every transfer names its own. What is behind the end of the file is no hole: it counts as data, for whoever reads it to find out.
     */
    List<Extent> of(ByteRange range, int maxExtents) throws BlockIoException {
        ExtentList extents = new ExtentList(maxExtents);
        long at = dataOffsetBytes + range.offsetBytes();
        long rangeEnd = at + range.lengthBytes();
        long known = Math.min(rangeEnd, end.lostFromBytes());
        boolean goesOn = true;
        while (goesOn && at < known) {
            long data = seek(at, Libc.SEEK_DATA, known);
            if (data > at) {
                goesOn = extents.add(data - at, Extent.Kind.HOLE);
                at = data;
            }
            if (goesOn && at < known) {
                long hole = seek(at, Libc.SEEK_HOLE, known);
                if (hole == at) {
                    // It was punched in between. A block counts as data, so that the walk goes on whatever a file
                    // system answers.
                    hole = Math.min(known, (at / BLOCK_BYTES + 1) * BLOCK_BYTES);
                }
                goesOn = extents.add(hole - at, Extent.Kind.DATA);
                at = hole;
            }
        }
        if (goesOn && at < rangeEnd) {
            extents.add(rangeEnd - at, Extent.Kind.DATA);
        }
        return extents.finish();
    }

    /**
     * The holes in what {@code op}, a READ, asks for: those worth a reply of their own. Two calls where there is none, and no call at
     * all in a file that is known to be full. What was acknowledged before is seen; the call may be made on a loop, for what it looks
     * up is what the READ needs next.
     */
    private List<ThreadedPort.Hole> holes(MemberOp op) {
        if (op.lengthBytes() < SHORTEST_HOLE_BYTES || !mayHaveHoles()) {
            return List.of();
        }
        List<Extent> extents;
        try {
            extents = of(new ByteRange(op.offsetBytes(), op.lengthBytes()), MAX_EXTENTS_A_READ);
        } catch (BlockIoException e) {
            // The READ itself will say what is wrong.
            return List.of();
        }
        List<ThreadedPort.Hole> holes = new ArrayList<>();
        long at = 0;
        for (Extent extent : extents) {
            if (extent.kind() == Extent.Kind.HOLE && extent.lengthBytes() >= SHORTEST_HOLE_BYTES) {
                holes.add(new ThreadedPort.Hole(at, extent.lengthBytes()));
            }
            at += extent.lengthBytes();
        }
        return holes;
    }

    /**
     * Answers a READ without reading where that is possible: what is a hole, if all of it is, and what may be sent from the page cache, if
     * all of it lies there. Holes in what must be read are answered too.
     *
     * @return whether nothing is left to be read
     */
    boolean answers(MemberOp op) {
        List<ThreadedPort.Hole> holes = op.accepts(ReadPiece.ACCEPT_HOLE) ? holes(op) : List.of();
        // By index: this is asked for every READ, and mostly there are none.
        for (int i = 0; i < holes.size(); i++) {
            op.place(holes.get(i).atBytes(), new ReadPiece.Hole(holes.get(i).lengthBytes()));
        }
        if (isAll(op, holes)) {
            return true;
        }
        long offsetBytes = dataOffsetBytes + op.offsetBytes();
        if (!holes.isEmpty()
                || !isCached
                || !op.accepts(ReadPiece.ACCEPT_FILE_EXTENT)
                || !CachedPages.hold(fd, offsetBytes, op.lengthBytes())) {
            return false;
        }
        op.place(0, new ReadPiece.FileExtent(fd, offsetBytes, op.lengthBytes()));
        return true;
    }

    /** Whether nothing of {@code op} is left to be read. */
    private static boolean isAll(MemberOp op, List<ThreadedPort.Hole> holes) {
        return holes.size() == 1 && holes.get(0).lengthBytes() == op.lengthBytes();
    }

    /**
     * Looks at the file again now and then: one whose data area was written full has none any more; what is before it is mostly a hole.
     * A wrong answer costs only zeros on the wire.
     */
    private boolean mayHaveHoles() {
        // Loops may count over each other: then it is looked a little later.
        if (holeLooks++ % LOOKS_A_STAT == 0) {
            long fileBytes = Libc.lseek(fd, 0, Libc.SEEK_END);
            isFull = !isRegular || OpenFile.allocatedBytes(fd, "", Libc.AT_EMPTY_PATH) >= fileBytes - dataOffsetBytes;
        }
        return !isFull;
    }

    /** Where data, or a hole, begins from {@code at} on, at most at {@code most}; all is data where the file system cannot tell. */
    private long seek(long at, int whence, long most) throws BlockIoException {
        long found = Libc.lseek(fd, at, whence);
        int errno = found < 0 ? Libc.errno() : 0;
        if (found >= 0) {
            return Math.min(found, most);
        }
        if (errno == Errno.ENXIO) {
            // No data from here on: a hole up to the end of the file, which may be before this.
            return whence == Libc.SEEK_DATA ? Math.max(at, Math.min(most, Libc.lseek(fd, 0, Libc.SEEK_END))) : most;
        }
        if (errno == Errno.EINVAL || errno == Errno.EOPNOTSUPP) {
            return whence == Libc.SEEK_DATA ? at : most;
        }
        throw new BlockIoException(Errno.toIoError(errno), "cannot tell data from holes: " + Errno.describe(errno));
    }
}
