package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.raid.UseWalk.Moment;
import org.kiobd.raid.UseWalk.Step;
import org.kiobd.raid.UseWalk.Verdict;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.Superblock.State;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.volume.BlockIoException;

/** Volumes of the version that had two states and no use ids open as they did, and with the first use get what it lacked. */
class RoundsOlderVersionTest {
    private static final UUID SOME = new UUID(1, 2);

    /** Features of a newer version, which this one may ignore but must keep. */
    private static final Superblock.Features NEWER = new Superblock.Features(5, 0, 0);

    /** What the older version wrote at one event, and at the one before. */
    private record Change(State before, State after, boolean grows) {}

    private static final List<Change> CHANGES = List.of(
            new Change(State.CLEAN, State.IN_USE, false),
            new Change(State.IN_USE, State.CLEAN, false),
            new Change(State.IN_USE, State.IN_USE, true),
            new Change(State.IN_USE, State.IN_USE, false));

    private static Round round(UseWalk walk, long event, State state, boolean grown) throws BlockIoException {
        Superblock.Volume is =
                Round.last(walk.manifest(), List.of(superblock(walk, 0))).volume();
        long size = is.deviceSizeBytes() + (grown ? UseWalk.STEP_BYTES : 0);
        Superblock.Volume says =
                new Superblock.Volume(is.uuid(), is.name(), is.members(), is.chunkBytes(), is.layoutId(), size);
        return new Round(says, state, event, Superblock.NIL, Superblock.NIL);
    }

    private static MemberOrigin origin(int index, UUID madeBy) {
        return new MemberOrigin(index, Superblock.Features.NONE, madeBy);
    }

    private static Superblock superblock(UseWalk walk, int disk) throws BlockIoException {
        List<byte[]> copies = walk.machine.image(disk).readable();
        return SuperblockCodec.newestValid(copies.get(0), copies.get(1));
    }

    private static void set(UseWalk walk, int disk, Round round) {
        walk.machine.set(disk, SuperblockCodec.encode(round.forMember(origin(disk, Superblock.NIL))));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void whateverItWasInterruptedInOpens(int members) throws Exception {
        for (Change change : CHANGES) {
            for (int changed = 0; changed < 1 << members; changed++) {
                try (UseWalk walk = new UseWalk(members)) {
                    Round before = round(walk, 7, change.before, false);
                    Round after = round(walk, 8, change.after, change.grows);
                    for (int disk = 0; disk < members; disk++) {
                        set(walk, disk, (changed & (1 << disk)) == 0 ? before : after);
                        walk.machine.length(disk, 2 * UseWalk.STEP_BYTES);
                    }
                    walk.machine.kill();
                    assertThat(walk.verdict()).isEqualTo(Verdict.WHOLE);
                    walk.step(Step.OPEN);
                    assertThat(walk.manifest().sizeBytes())
                            .isEqualTo(UseWalk.STEP_BYTES * (change.grows && changed != 0 ? 2 : 1));
                    walk.step(Step.KILL);
                    walk.requireWhole(change + " changed=" + changed);
                }
            }
        }
    }

    @Test
    void fromTheFirstUseOnItsMembersAreTold() throws Exception {
        try (UseWalk walk = new UseWalk(2)) {
            set(walk, 0, round(walk, 7, State.IN_USE, false));
            set(walk, 1, round(walk, 7, State.IN_USE, false));
            walk.machine.kill();
            RiggedMachine.Image old = walk.machine.image(1);
            for (Step step : List.of(Step.OPEN, Step.CLOSE)) {
                walk.step(step);
                Moment now = walk.moment();
                walk.machine.putBack(1, old);
                assertThat(walk.verdict()).isEqualTo(Verdict.REFUSED);
                walk.goBackTo(now);
                if (step == Step.OPEN) {
                    walk.step(Step.OPEN);
                }
            }
        }
    }

    /** A volume of this version, taken back to the older one: its opening is interrupted; its close is not mixed with uses of this one. */
    @Test
    void itMayHaveAVolumeOfThisVersion() throws Exception {
        try (UseWalk walk = new UseWalk(2)) {
            walk.step(Step.OPEN);
            walk.step(Step.CLOSE);
            Moment closed = walk.moment();
            long event = superblock(walk, 0).eventCounter();
            set(walk, 0, round(walk, event + 1, State.IN_USE, false));
            walk.machine.kill();
            assertThat(walk.verdict()).isEqualTo(Verdict.WHOLE);
            walk.requireWhole("opened by the older version");
            walk.goBackTo(closed);
            set(walk, 0, round(walk, event + 1, State.CLEAN, false));
            walk.machine.kill();
            assertThat(walk.verdict()).isEqualTo(Verdict.REFUSED);
        }
    }

    /** Members that were made together are all there is: none of before can be one behind. */
    @Test
    void besideMembersThatWereMadeAndNotUsedNoneIsBehind() throws Exception {
        try (UseWalk walk = new UseWalk(2)) {
            Superblock old = round(walk, 7, State.IN_USE, false).forMember(origin(0, Superblock.NIL));
            Superblock made = round(walk, 8, State.CLEAN, false).forMember(origin(1, SOME));
            assertThatThrownBy(() -> Round.last(walk.manifest(), List.of(old, made)))
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("member 0 (rigged:")
                    .hasMessageContaining("bring back the member that was in use last");
            Superblock notMade = round(walk, 8, State.CLEAN, false).forMember(origin(1, Superblock.NIL));
            assertThat(Round.last(walk.manifest(), List.of(old, notMade)).eventCounter())
                    .isEqualTo(8);
        }
    }

    @Test
    void whatMadeAMemberIsToldByItForEver() throws Exception {
        try (UseWalk walk = new UseWalk(2)) {
            Round made = round(walk, 1, State.CLEAN, false);
            for (int disk = 0; disk < 2; disk++) {
                walk.machine.set(disk, SuperblockCodec.encode(made.forMember(new MemberOrigin(disk, NEWER, SOME))));
            }
            walk.machine.kill();
            walk.machine.plan(new RiggedPlans.PassingError(2, 1, 0, RiggedMachine.Outcome.TORN));
            walk.tryAll(List.of(Step.OPEN, Step.KILL));
            walk.requireWhole("made by this version");
            walk.step(Step.RENAME);
            for (int disk = 0; disk < 2; disk++) {
                assertThat(superblock(walk, disk).history().madeBy()).isEqualTo(SOME);
                assertThat(superblock(walk, disk).features()).isEqualTo(NEWER);
                assertThat(superblock(walk, disk).volume().name()).isEqualTo("vx");
            }
        }
    }
}
