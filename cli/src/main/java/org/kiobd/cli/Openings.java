package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the volumes and images of a server, several in parallel, and keeps their order. It tries all of them, so that the failure of one
 * does not hide the failure of the next. Used by one thread.
 */
final class Openings {
    private static final Logger LOG = LoggerFactory.getLogger(Openings.class);

    /** Independent of the number of processors: opening a volume waits for syncs of superblocks. */
    private static final int THREADS = 8;

    /**
     * A volume or an image to serve.
     *
     * @param name name of the export
     * @param optional whether the others are served without it if it cannot be opened, as with {@code --all}, which names no volume
     */
    record Wanted(String name, boolean optional, Callable<ServedVolume> opening) {}

    private final List<ServedVolume> opened = new ArrayList<>();
    private final List<BlockIoException> failures = new ArrayList<>();

    /** Tries to open all of {@code wanted}. */
    void open(List<Wanted> wanted) throws BlockIoException {
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.max(1, Math.min(THREADS, wanted.size())), work -> new Thread(work, "kiobd-open"));
        try {
            List<Future<ServedVolume>> openings =
                    wanted.stream().map(one -> threads.submit(one.opening)).toList();
            List<BlockIoException> leftOut = new ArrayList<>();
            RuntimeException bug = null;
            for (int i = 0; i < openings.size(); i++) {
                try {
                    collect(wanted.get(i), openings.get(i), leftOut);
                } catch (IllegalStateException e) {
                    // The others are collected all the same, so that they are closed.
                    bug = e;
                }
            }
            if (bug != null) {
                throw bug;
            }
            if (opened.isEmpty()) {
                failures.addAll(leftOut);
            } else {
                leftOut.forEach(reason -> LOG.warn("left out, the others are served: {}", reason.getMessage()));
            }
        } finally {
            threads.shutdown();
        }
    }

    private void collect(Wanted one, Future<ServedVolume> opening, List<BlockIoException> leftOut)
            throws BlockIoException {
        try {
            opened.add(opening.get());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BlockIoException reason) {
                (one.optional ? leftOut : failures).add(named(one, reason));
            } else {
                throw new IllegalStateException("volume=" + one.name + " cannot be opened", e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BlockIoException(IoError.IO, "interrupted while volumes were opened; nothing is served", e);
        }
    }

    private static BlockIoException named(Wanted one, BlockIoException reason) {
        String text = String.valueOf(reason.getMessage());
        return text.contains(one.name)
                ? reason
                : new BlockIoException(reason.error(), "volume=" + one.name + ": " + text, reason);
    }

    /** Returns the open volumes, in order. The caller must close them, even if others failed. */
    List<ServedVolume> opened() {
        return opened;
    }

    /** Returns the failures that keep the server from starting; empty if it may start. */
    List<BlockIoException> failures() {
        return failures;
    }
}
