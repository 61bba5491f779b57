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
 * Brings the members of an array that is open for writing from round to round. No member gets a round before all have the last one,
 * durably and in both copies; a round that fails part-way stays the last, and is carried on before another begins, here or at the next
 * opening. So members are never more than one round apart, whatever fails and however often. Owned by its {@link ArrayMetadata};
 * control threads, one at a time.
 */
final class MemberRounds {
    /** Syncs of several members at once: they wait for the disk, not for each other. A burst beyond it runs in the caller. */
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
    private final List<UUID> madeBy;
    private final boolean[] behind;
    private Round last;
    private volatile boolean mayHaveLostData;

    private MemberRounds(List<MemberStore> members, List<UUID> madeBy, Round last) {
        this.members = List.copyOf(members);
        this.madeBy = List.copyOf(madeBy);
        this.behind = new boolean[members.size()];
        this.last = last;
    }

    /**
     * Of members that were opened just now and told {@code found}. Nothing is written yet.
     *
     * @param members borrowed
     * @param last the last round among {@code found}
     */
    static MemberRounds of(List<MemberStore> members, List<Superblock> found, Round last) throws BlockIoException {
        List<UUID> madeBy =
                found.stream().map(superblock -> superblock.history().madeBy()).toList();
        MemberRounds rounds = new MemberRounds(members, madeBy, last);
        // Older versions wrote the copies in one order only: the next event might begin with the one that is durable.
        boolean unsure = last.useId().equals(Superblock.NIL);
        for (int i = 0; i < members.size(); i++) {
            // A copy whose sync failed may be there to read and not be durable: only a member with two has the round.
            rounds.behind[i] = unsure
                    || !Round.of(found.get(i)).equals(last)
                    || !MemberSuperblocks.isInBothCopies(members.get(i), found.get(i));
        }
        return rounds;
    }

    /** The round that all members have, or that some have and the others get next. */
    Round last() {
        return last;
    }

    /** Begins a use: from here on data may be written. */
    void begin(String name) throws BlockIoException {
        carryOn();
        write(last.opening(UUID.randomUUID(), name));
        write(last.inUse());
    }

    /** Carries on what failed part-way; true if there was such a thing. */
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

    /** The volume has a new size from here on. */
    void grow(long deviceSizeBytes) throws BlockIoException {
        carryOn();
        write(last.grown(deviceSizeBytes));
    }

    /** Ends the use; with {@code clean}, in order: all data have been written, and no sync of them has failed. */
    void end(boolean clean) throws BlockIoException {
        carryOn();
        // A superblock's sync covers the member's data, too.
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

    /** Waits for all members, also if one fails; throws the first failure. */
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
            MemberSuperblocks.write(member, last.forMember(index, madeBy.get(index)));
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
