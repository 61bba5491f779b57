package org.kiobd.attach;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kiobd.attach.netlink.NbdDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps devices connected: when a device loses its server, tries the servers of its attachment until one answers, and gives the device the new
 * connection. Also lets devices grow with their volumes. No data flows through it: it may be killed and started again at any time, and then
 * offers each device a connection, which the kernel drops if it needs none.
 *
 * <p>Has one thread that hears what the kernel tells, and one for each device that waits for its server.
 */
public final class Supervisor {
    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

    private static final int LOOK_MS = 500;
    private static final int DIAL_MS = 5_000;
    private static final int SIZE_EVERY_MS = 2_000;
    private static final int READ_MS = 4_000;
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final AttachmentFiles files;
    private final Attacher attacher;

    /** Devices for which a thread looks for a server, and whether they have lost a connection since it began. Guarded by itself. */
    private final Map<Integer, Boolean> waiting = new HashMap<>();

    /** Devices whose server is being asked for its size. */
    private final Set<Integer> asked = ConcurrentHashMap.newKeySet();

    private final Map<Integer, Attachment> known = new HashMap<>();
    private final Map<Integer, Long> lookedNanos = new HashMap<>();
    private volatile boolean ends;

    public Supervisor(AttachmentFiles files) {
        this.files = files;
        this.attacher = new Attacher(files);
    }

    /** Works until {@link #end}. */
    public void run() throws IOException {
        try (NbdDriver events = NbdDriver.listen()) {
            while (!ends) {
                look();
                Integer dead = events.nextDeadLink(LOOK_MS);
                Attachment attachment = dead == null ? null : known.get(dead);
                if (attachment != null) {
                    LOG.info("{} has lost a connection to {}", attachment.device(), attachment.identity());
                    revive(attachment);
                }
            }
        }
    }

    /** Lets {@link #run} return soon; devices stay attached. Any thread. */
    public void end() {
        ends = true;
    }

    /** Reads the files again: takes care of new attachments, and asks for the sizes of the others. */
    private void look() throws IOException {
        List<Attachment> all = files.all();
        Set<Integer> gone = new HashSet<>(known.keySet());
        for (Attachment attachment : all) {
            int index = attachment.device().index();
            gone.remove(index);
            if (!attachment.equals(known.put(index, attachment))) {
                LOG.info("{} is {}", attachment.device(), attachment.identity());
                revive(attachment);
            } else {
                lookAtSize(attachment);
            }
        }
        gone.forEach(known::remove);
    }

    private void lookAtSize(Attachment attachment) {
        int index = attachment.device().index();
        long now = System.nanoTime();
        Long before = lookedNanos.get(index);
        if (before != null && now - before < TimeUnit.MILLISECONDS.toNanos(SIZE_EVERY_MS)) {
            return;
        }
        lookedNanos.put(index, now);
        if (!asked.add(index)) {
            return;
        }
        start("size", attachment, () -> {
            try {
                grow(attachment, ServerLink.info(attachment.uris(), DIAL_MS).sizeBytes());
            } catch (IOException e) {
                LOG.debug("{}: {}", attachment.device(), e.getMessage());
            } finally {
                asked.remove(index);
            }
        });
    }

    private void grow(Attachment attachment, long sizeBytes) throws IOException {
        if (attacher.grow(attachment, sizeBytes)) {
            LOG.info("{} has grown to sizeBytes={}", attachment.device(), sizeBytes);
        }
    }

    /** Lets a thread give the device a connection; if one is at work already, it will do so once more. */
    private void revive(Attachment attachment) {
        int index = attachment.device().index();
        synchronized (waiting) {
            Boolean works = waiting.put(index, true);
            if (works != null) {
                return;
            }
        }
        start("server", attachment, () -> {
            while (begins(index)) {
                reviveNow(attachment);
            }
        });
    }

    /** Returns whether a connection was lost since the last call; if not, the thread of the device ends. */
    private boolean begins(int index) {
        synchronized (waiting) {
            if (Boolean.TRUE.equals(waiting.get(index))) {
                waiting.put(index, false);
                return true;
            }
            waiting.remove(index);
            return false;
        }
    }

    private static void start(String what, Attachment attachment, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (RuntimeException e) {
                        LOG.error("{}: {}", attachment.device(), e.toString(), e);
                    }
                },
                "kiobd-attach-" + what + "-" + attachment.device().index());
        thread.setDaemon(true);
        thread.start();
    }

    private void reviveNow(Attachment attachment) {
        long began = System.nanoTime();
        long pause = FIRST_PAUSE_NANOS;
        String said = null;
        while (!ends && isWanted(attachment)) {
            String why = tryToRevive(attachment);
            if (why == null) {
                LOG.info(
                        "{} is connected after {} ms",
                        attachment.device(),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
                return;
            }
            if (!why.equals(said)) {
                LOG.info("{} waits: {}", attachment.device(), why);
                said = why;
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        }
    }

    /** Returns null if the device answers now; else the reason. */
    private @Nullable String tryToRevive(Attachment attachment) {
        try {
            long sizeBytes = attacher.reconnect(attachment, DIAL_MS);
            attachment.device().requireReadable(READ_MS);
            grow(attachment, sizeBytes);
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private boolean isWanted(Attachment attachment) {
        try {
            return attachment.equals(files.of(attachment.device()))
                    && Objects.equals(
                            attachment.device().backend(), attachment.identity().text());
        } catch (IOException e) {
            LOG.warn("{}: {}", attachment.device(), e.getMessage());
            return true;
        }
    }
}
