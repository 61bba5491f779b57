package org.kiobd.raid;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a volume from another one as it is at one moment, member by member, sharing the stored data: a snapshot of a volume, a clone of a
 * snapshot, or a volume rolled back to a snapshot. The source may be in use: slow work is done before and after the moment of the copy, and
 * requests are held, on all event loops, only at that moment, so that the copies of all members are consistent. Control threads only: it
 * blocks.
 */
public final class ArraySnapshots {
    /** The maximum wait for requests in flight; clients have to wait during this time. */
    private static final int IDLE_TIMEOUT_S = 10;

    private static final Logger LOG = LoggerFactory.getLogger(ArraySnapshots.class);

    private final MemberStores stores;

    public ArraySnapshots(MemberStores stores) {
        this.stores = stores;
    }

    /**
     * The origin of copied members, as recorded in their superblocks.
     *
     * @param changeId random id of the change that made them
     * @param eventCounter their first event counter, 1 or more
     */
    public record Origin(UUID changeId, long eventCounter) {}

    /**
     * Copies the members of {@code from} to the places in {@code to}, and writes the superblocks of {@code to}. The copies are first made
     * at {@linkplain MemberUri#temporary temporary places}.
     *
     * @param from the source, borrowed; may be in use
     * @param to a manifest with as many members and the same layout; nothing exists at their places yet
     * @return how long requests were held back, in microseconds
     * @throws BlockIoException if a member cannot share its data, or a copy fails; the copies are removed, and {@code from} goes on
     */
    public long copy(Volume from, VolumeManifest to, Origin origin) throws BlockIoException {
        List<MemberStore> members = from.members();
        List<MemberUri> aside = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            aside.add(stores.aside(to.members().get(i), origin.changeId(), i));
        }
        ExecutorService threads = Executors.newFixedThreadPool(members.size(), work -> {
            Thread thread = new Thread(work, "kiobd-snapshot");
            thread.setDaemon(true);
            return thread;
        });
        List<@Nullable MemberCopy> copies = new ArrayList<>(Collections.nCopies(members.size(), null));
        boolean[] begun = new boolean[members.size()];
        try {
            inParallel(threads, members.size(), i -> {
                copies.set(i, begin(members.get(i), aside.get(i), to.members().get(i)));
                begun[i] = true;
            });
            inParallel(threads, members.size(), i -> copyAt(copies, i).approach());
            long heldMicros = fix(from, threads, copies);
            inParallel(threads, members.size(), i -> {
                MemberCopy copy = copyAt(copies, i);
                copy.complete();
                copies.set(i, null);
                copy.close();
                describe(to.withMembers(aside), i, origin);
            });
            new MemberSettling(stores).settle(aside, to.members());
            return heldMicros;
        } catch (BlockIoException e) {
            for (int i = 0; i < members.size(); i++) {
                if (begun[i]) {
                    giveUp(copies.get(i), aside.get(i), e);
                }
            }
            throw e;
        } finally {
            threads.shutdown();
        }
    }

    private static MemberCopy begin(MemberStore member, MemberUri aside, MemberUri place) throws BlockIoException {
        if (!member.uri().scheme().equals(aside.scheme())) {
            throw new IllegalArgumentException(member.uri() + " is no copy of " + place);
        }
        try {
            return member.copyTo(aside);
        } catch (BlockIoException e) {
            throw MemberSettling.inWordsOf(place, aside, e);
        }
    }

    private static MemberCopy copyAt(List<@Nullable MemberCopy> copies, int index) {
        MemberCopy copy = copies.get(index);
        if (copy == null) {
            throw new IllegalStateException("member=" + index + " is not being copied");
        }
        return copy;
    }

    private static long fix(Volume from, ExecutorService threads, List<@Nullable MemberCopy> copies)
            throws BlockIoException {
        long startNanos = System.nanoTime();
        CompletionStage<@Nullable Void> idle = from.freeze();
        try {
            idle.toCompletableFuture().get(IDLE_TIMEOUT_S, TimeUnit.SECONDS);
            inParallel(threads, copies.size(), i -> copyAt(copies, i).fix());
        } catch (TimeoutException e) {
            throw new BlockIoException(
                    IoError.IO,
                    "volume=" + from.info().name() + ": a request has not ended within " + IDLE_TIMEOUT_S
                            + " s; no snapshot was made; try again, or look at its members",
                    e);
        } catch (ExecutionException e) {
            throw new BlockIoException(IoError.IO, String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BlockIoException(IoError.IO, "interrupted; no snapshot was made", e);
        } finally {
            from.thaw();
        }
        return TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNanos);
    }

    /** Writes the superblocks of a copy; this also proves that the copy can be opened. */
    private void describe(VolumeManifest to, int index, Origin origin) throws BlockIoException {
        MemberUri uri = to.members().get(index);
        try (MemberStore copy = stores.forUri(uri).open(uri, false)) {
            MemberSuperblocks.write(
                    copy,
                    MemberSuperblocks.describe(
                            to,
                            index,
                            origin.eventCounter(),
                            Superblock.State.CLEAN,
                            Superblock.History.madeBy(origin.changeId())));
        }
    }

    private void giveUp(@Nullable MemberCopy copy, MemberUri target, BlockIoException because) {
        try {
            if (copy != null) {
                copy.close();
            }
            stores.forUri(target).delete(target);
        } catch (BlockIoException e) {
            because.addSuppressed(e);
        }
    }

    @FunctionalInterface
    private interface PerMember {
        void work(int index) throws BlockIoException;
    }

    /** Runs {@code work} for all members in parallel and waits for all of them; throws the first failure. */
    private static void inParallel(ExecutorService threads, int members, PerMember work) throws BlockIoException {
        List<CompletableFuture<@Nullable Void>> all = IntStream.range(0, members)
                .mapToObj(i -> CompletableFuture.runAsync(
                        () -> {
                            try {
                                work.work(i);
                            } catch (BlockIoException e) {
                                throw new CompletionException(e);
                            }
                        },
                        threads))
                .toList();
        Throwable failure = null;
        for (CompletableFuture<@Nullable Void> one : all) {
            Throwable ended = one.handle((done, thrown) -> thrown).join();
            failure = failure == null ? ended : failure;
        }
        if (failure != null) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            if (cause instanceof BlockIoException told) {
                throw told;
            }
            throw new BlockIoException(IoError.IO, "unexpected " + cause, new IOException(cause));
        }
    }

    /**
     * Returns the highest event counter among the members of a volume that is not served. Skips unreadable members, because damage is a
     * reason to roll back; 0 if none is readable.
     */
    public long newestEvent(VolumeManifest manifest) {
        long newest = 0;
        for (MemberUri uri : manifest.members()) {
            try (MemberStore store = stores.forUri(uri).open(uri, true)) {
                newest = Math.max(newest, MemberSuperblocks.read(store).eventCounter());
            } catch (BlockIoException e) {
                LOG.info("member={} does not tell its event: {}", uri, e.getMessage());
            }
        }
        return newest;
    }
}
