package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.kiobd.cli.SeveralAtATime.Outcome;
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
        List<Outcome<ServedVolume>> outcomes = SeveralAtATime.run(
                "kiobd-open", wanted.stream().map(Wanted::opening).toList());
        outcomes.stream().map(Outcome::value).filter(Objects::nonNull).forEach(opened::add);
        List<BlockIoException> leftOut = new ArrayList<>();
        for (int i = 0; i < wanted.size(); i++) {
            Wanted one = wanted.get(i);
            Throwable failure = outcomes.get(i).failure();
            if (failure instanceof BlockIoException reason) {
                (one.optional ? leftOut : failures).add(named(one, reason));
            } else if (failure != null) {
                throw new IllegalStateException("volume=" + one.name + " cannot be opened", failure);
            }
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new BlockIoException(IoError.IO, "interrupted while volumes were opened; nothing is served");
        }
        if (opened.isEmpty()) {
            failures.addAll(leftOut);
        } else {
            leftOut.forEach(reason -> LOG.warn("skipped, the other volumes are served: {}", reason.getMessage()));
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
