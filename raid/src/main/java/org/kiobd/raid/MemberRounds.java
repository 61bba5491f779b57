package org.kiobd.raid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.Superblock;
import org.kiobd.volume.BlockIoException;

/**
 * Writes the rounds of an array that is open for writing to its members. No member gets a round before all members have the previous one,
 * durably and in both copies. A round that fails part-way remains the last round, and is completed before another one begins, by this
 * object or at the next opening. So members are never more than one round apart, no matter what fails or how often. Owned by its {@link
 * ArrayMetadata}; control threads, one at a time.
 */
final class MemberRounds {
    /**
     * The maximum number of parallel syncs: the threads wait for the disks, not for each other. If all are busy, the caller does the work.
     */
    private static final int MAX_THREADS = 16;

    private static final ThreadPoolExecutor THREADS = new ThreadPoolExecutor(
            0,
            MAX_THREADS,
            1,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            work -> {
                Thread thread = new Thread(work, "kiobd-superblocks");
                thread.setDaemon(true);
                return thread;
            },
            new ThreadPoolExecutor.CallerRunsPolicy());

    private final List<MemberStore> members;
    private final List<MemberOrigin> origins;
    private final boolean[] behind;
    private Round last;
    private volatile boolean mayHaveLostData;

    private MemberRounds(List<MemberStore> members, List<MemberOrigin> origins, Round last) {
        this.members = List.copyOf(members);
        this.origins = List.copyOf(origins);
        this.behind = new boolean[members.size()];
        this.last = last;
    }

    /**
     * Returns the rounds of members that were just opened. Nothing is written yet.
     *
     * @param members borrowed
     * @param found the superblocks that were read from {@code members}
     * @param last the last round among {@code found}
     */
    static MemberRounds of(List<MemberStore> members, List<Superblock> found, Round last) throws BlockIoException {
        MemberRounds rounds =
                new MemberRounds(members, found.stream().map(MemberOrigin::of).toList(), last);
        // Older versions always wrote the copies in the same order, so the next round might first overwrite the only
        // durable copy.
        boolean unsure = last.useId().equals(Superblock.NIL);
        for (int i = 0; i < members.size(); i++) {
            // A copy whose sync failed may be readable and yet not durable: only a member with the round in both copies
            // has it.
            rounds.behind[i] = unsure
                    || !Round.of(found.get(i)).equals(last)
                    || !MemberSuperblocks.isInBothCopies(members.get(i), found.get(i));
        }
        return rounds;
    }

    /** Returns the last round: the one that all members have, or that some members have and the others get next. */
    Round last() {
        return last;
    }

    /** Begins a use; data may be written when the method returns. */
    void begin(String name) throws BlockIoException {
        carryOn();
        write(last.opening(UUID.randomUUID(), name));
        write(last.inUse());
    }

    /** Completes a round that failed part-way; returns whether there was one. */
    boolean carryOn() throws BlockIoException {
        boolean begun = false;
        for (boolean one : behind) {
            begun |= one;
        }
        if (begun) {
            writeBehind();
        }
        return begun;
    }

    /** Writes a round with a new size of the volume. */
    void grow(long deviceSizeBytes) throws BlockIoException {
        carryOn();
        write(last.grown(deviceSizeBytes));
    }

    /**
     * Ends the use. {@code clean} means that all data have been written and no sync of them has failed; the volume is then marked clean,
     * unless a failed superblock sync may have lost data.
     */
    void end(boolean clean) throws BlockIoException {
        carryOn();
        // The sync of a superblock also covers the data of the member.
        if (clean && !mayHaveLostData) {
            write(last.closing());
            write(last.clean());
        }
    }

    private void write(Round next) throws BlockIoException {
        last = next;
        Arrays.fill(behind, true);
        writeBehind();
    }

    /** Writes the last round to the members that lack it. Waits for all of them, even if one fails; throws the first failure. */
    private void writeBehind() throws BlockIoException {
        List<CompletableFuture<@Nullable BlockIoException>> others = new ArrayList<>();
        int own = -1;
        for (int i = 0; i < behind.length; i++) {
            if (behind[i] && own < 0) {
                own = i;
            } else if (behind[i]) {
                int index = i;
                others.add(CompletableFuture.supplyAsync(() -> write(index), THREADS));
            }
        }
        BlockIoException failure = write(own);
        for (CompletableFuture<@Nullable BlockIoException> other : others) {
            BlockIoException failed = other.join();
            failure = failure == null ? failed : failure;
        }
        throwing(failure);
    }

    private static void throwing(@Nullable BlockIoException failure) throws BlockIoException {
        if (failure != null) {
            throw failure;
        }
    }

    private @Nullable BlockIoException write(int index) {
        MemberStore member = members.get(index);
        try {
            MemberSuperblocks.write(member, last.forMember(origins.get(index)));
            behind[index] = false;
            return null;
        } catch (BlockIoException e) {
            if (member.isSyncFailureFinal(e.error())) {
                mayHaveLostData = true;
            }
            return e;
        }
    }
}
