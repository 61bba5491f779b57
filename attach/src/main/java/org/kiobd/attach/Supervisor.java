package org.kiobd.attach;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kiobd.attach.netlink.NbdDriver;
import org.kiobd.attach.netlink.NetlinkException;
import org.kiobd.nbd.client.ExportInfo;
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

    /** errno(3): events were lost. */
    private static final int ENOBUFS = 105;

    private static final int LOOK_MS = 500;
    private static final int DIAL_MS = 5_000;
    private static final int SIZE_EVERY_MS = 2_000;
    private static final int ANSWER_MS = 5_000;
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

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

    /** Works until {@link #end}. After a failure it begins again, and offers each device a connection. */
    public void run() {
        String said = "";
        while (!ends) {
            try (NbdDriver events = NbdDriver.listen()) {
                known.clear();
                listen(events);
            } catch (IOException | RuntimeException | Error e) {
                // Catch errors, too: the devices still need their servers.
                if (!e.toString().equals(said)) {
                    said = e.toString();
                    LOG.warn("cannot look after the devices at the moment: {}", said);
                }
                LockSupport.parkNanos(LONGEST_PAUSE_NANOS);
            }
        }
    }

    private void listen(NbdDriver events) throws IOException {
        while (!ends) {
            look();
            Integer dead = nextDeadLink(events);
            Attachment attachment = dead == null ? null : known.get(dead);
            if (attachment != null) {
                LOG.info("{} has lost a connection to {}", attachment.device(), attachment.identity());
                revive(attachment);
            }
        }
    }

    private @Nullable Integer nextDeadLink(NbdDriver events) throws NetlinkException {
        try {
            return events.nextDeadLink(LOOK_MS);
        } catch (NetlinkException e) {
            if (e.errno() != ENOBUFS) {
                throw e;
            }
            LOG.info("the kernel had more to tell than its buffer holds; all devices are offered a connection");
            known.values().forEach(this::revive);
            return null;
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
                ExportInfo export = ServerLink.info(attachment.uris(), DIAL_MS);
                if (Identity.of(export).equals(attachment.identity())) {
                    grow(attachment, export.sizeBytes());
                }
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
        boolean isStarted = false;
        try {
            start("server", attachment, () -> {
                while (begins(index)) {
                    reviveNow(attachment);
                }
            });
            isStarted = true;
        } finally {
            if (!isStarted) {
                begins(index);
                begins(index);
            }
        }
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
                    } catch (RuntimeException | Error e) {
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
        String said = "";
        while (!ends && isWanted(attachment)) {
            try {
                long sizeBytes = attacher.reconnect(attachment, DIAL_MS);
                requireProgress(attachment.device());
                grow(attachment, sizeBytes);
                LOG.info(
                        "{} is connected after {} ms",
                        attachment.device(),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
                return;
            } catch (Attacher.EndedException e) {
                LOG.warn("{}", e.getMessage());
                return;
            } catch (IOException | RuntimeException | Error e) {
                // Catch errors, too, e.g. that no thread can be started: the device still needs its server.
                String why = e instanceof IOException ? String.valueOf(e.getMessage()) : e.toString();
                if (!why.equals(said)) {
                    LOG.info("{} waits: {}", attachment.device(), why);
                    said = why;
                }
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        }
    }

    /**
     * Waits until requests of the device are answered, if any are under way. A read would tell the same, but nothing ends a read while the
     * device waits for its server, and the process would outlive its own end.
     */
    private static void requireProgress(KernelDevice device) throws IOException {
        KernelDevice.Activity before = device.activity();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MS);
        KernelDevice.Activity now = before;
        while (now.inFlight() > 0 && now.done() == before.done()) {
            if (System.nanoTime() - deadline >= 0) {
                throw new IOException(device + " has answered no request for " + ANSWER_MS + " ms");
            }
            LockSupport.parkNanos(FIRST_PAUSE_NANOS);
            now = device.activity();
        }
    }

    private boolean isWanted(Attachment attachment) {
        try {
            return attachment.equals(files.of(attachment.device())) && Attacher.isOurs(attachment);
        } catch (IOException e) {
            LOG.warn("{}: {}", attachment.device(), e.getMessage());
            return true;
        }
    }
}
