package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.raid.RiggedPlans.Crash;
import org.kiobd.raid.UseWalk.Moment;
import org.kiobd.raid.UseWalk.Step;
import org.kiobd.raid.UseWalk.Verdict;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.testkit.Seeded;

/**
 * docs/FORMAT.md, Uses and rounds: a member that missed writes of a later use is refused, wherever and whenever it was copied, alone or
 * with others, at whatever point the volume is. What cannot be told is a copy from within a use that did not end in order, put back
 * before the next one: it is counted.
 */
@Tag("one-lane")
class RoundsCopiesTest {
    private final Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);

    @AfterEach
    void tell() {
        System.out.println("copies put back: " + verdicts);
    }

    /** Every proper part of the members, as bits. */
    private static List<Integer> parts(int members) {
        List<Integer> parts = new ArrayList<>();
        for (int bits = 1; bits < (1 << members) - 1; bits++) {
            parts.add(bits);
        }
        return parts;
    }

    /** {@code now} with each part of its members replaced by those of {@code then}. */
    private void putBack(UseWalk walk, Moment now, List<RiggedMachine.Image> then, String how) {
        for (int part : parts(then.size())) {
            walk.goBackTo(now);
            for (int disk = 0; disk < then.size(); disk++) {
                if ((part & (1 << disk)) != 0) {
                    walk.machine.putBack(disk, then.get(disk));
                }
            }
            Verdict verdict = walk.verdict();
            verdicts.merge(verdict, 1, Integer::sum);
            if (verdict == Verdict.STALE) {
                throw new AssertionError(how + ": members with bits=" + part + " are stale and were accepted");
            }
        }
    }

    /** The moments of a script: before it, after each step, and in the middle of each round. */
    private static List<Moment> moments(UseWalk walk, Moment start, List<Step> script) throws BlockIoException {
        List<Moment> moments = new ArrayList<>(List.of(start));
        long last = RoundsTest.lastEvent(walk, start, script);
        walk.goBackTo(start);
        for (Step step : script) {
            assertThat(walk.tryAll(List.of(step))).isZero();
            moments.add(walk.moment());
        }
        int members = start.images().size();
        for (long event = 2; event <= last; event++) {
            for (Crash crash : RiggedPlans.crashes(event, members, RiggedPlans.ALL_OR_NOTHING)) {
                RoundsTest.crash(walk, start, script, crash);
                moments.add(walk.moment());
            }
        }
        return moments;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void copiesOfAnyMomentPutBackAtAnyOtherAreRefusedIfTheyMissedALaterUse(int members) throws Exception {
        try (UseWalk walk = new UseWalk(members)) {
            Moment start = walk.moment();
            for (List<Step> script : RoundsTest.SCRIPTS.subList(0, members == 2 ? 7 : 4)) {
                List<Moment> moments = moments(walk, start, script);
                for (Moment then : moments) {
                    for (Moment now : moments) {
                        putBack(walk, now, then.images(), script.toString());
                    }
                }
            }
        }
        assertThat(verdicts.get(Verdict.REFUSED)).isGreaterThan(1000);
        assertThat(verdicts.get(Verdict.WHOLE)).isGreaterThan(100);
    }

    @Test
    void aCopyFromAnOrderlyUseIsNeverAcceptedInPlaceOfWhatWasWrittenAfterIt() throws Exception {
        try (UseWalk walk = new UseWalk(2)) {
            walk.step(Step.OPEN);
            Moment served = walk.moment();
            walk.step(Step.GROW);
            walk.step(Step.CLOSE);
            putBack(walk, walk.moment(), served.images(), "closed");
        }
        assertThat(verdicts).containsOnlyKeys(Verdict.REFUSED);
    }

    /** What is documented: a copy of a use that was killed, put back before the next use. After that it is refused again. */
    @Test
    void aCopyFromAKilledUseIsToldFromTheNextUseOn() throws Exception {
        try (UseWalk walk = new UseWalk(2)) {
            walk.step(Step.OPEN);
            Moment served = walk.moment();
            walk.step(Step.WRITE);
            Moment written = walk.moment();
            walk.step(Step.KILL);
            putBack(walk, written, served.images(), "killed");
            assertThat(verdicts).containsOnlyKeys(Verdict.SAME_USE);
            verdicts.clear();
            walk.goBackTo(written);
            walk.step(Step.OPEN);
            Moment next = walk.moment();
            putBack(walk, next, served.images(), "next use");
            putBack(walk, next, written.images(), "next use");
            assertThat(verdicts).containsOnlyKeys(Verdict.REFUSED);
        }
    }

    /** A home is copied at some moment, both go on, and members of one are put into the other. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void membersOfTwoHistoriesAreNeverMixed(int members) throws Exception {
        List<List<Step>> scripts = RoundsTest.SCRIPTS.subList(0, members == 2 ? 6 : 4);
        try (UseWalk walk = new UseWalk(members)) {
            Moment start = walk.moment();
            for (List<Step> before : List.of(List.<Step>of(), List.of(Step.OPEN, Step.GROW, Step.CLOSE))) {
                walk.goBackTo(start);
                walk.tryAll(before);
                Moment fork = walk.moment();
                List<Moment> here = lines(walk, fork, scripts);
                List<Moment> there = lines(walk, fork, scripts);
                for (Moment one : here) {
                    for (Moment other : there) {
                        putBack(walk, one, other.images(), "two histories");
                    }
                }
            }
        }
        assertThat(verdicts.get(Verdict.REFUSED)).isGreaterThan(500);
    }

    private static List<Moment> lines(UseWalk walk, Moment fork, List<List<Step>> scripts) {
        List<Moment> moments = new ArrayList<>();
        for (List<Step> script : scripts) {
            walk.goBackTo(fork);
            for (Step step : script) {
                walk.tryAll(List.of(step));
                moments.add(walk.moment());
            }
        }
        return moments;
    }

    /** Long walks with everything going wrong; copies taken anywhere, put back anywhere. */
    @Seeded(rounds = 60)
    void noWalkAcceptsAStaleCopy(Random random) throws Exception {
        int members = 2 + random.nextInt(2);
        try (UseWalk walk = new UseWalk(members)) {
            walk.machine.failuresAreFinal(random.nextBoolean());
            List<Moment> moments = new ArrayList<>(List.of(walk.moment()));
            for (int i = 0; i < 25; i++) {
                RoundsTest.randomStep(walk, random);
                moments.add(walk.moment());
                if (random.nextInt(5) == 0) {
                    // Another line of history begins somewhere before.
                    walk.goBackTo(moments.get(random.nextInt(moments.size())));
                }
            }
            for (int i = 0; i < 60; i++) {
                Moment now = moments.get(random.nextInt(moments.size()));
                putBack(walk, now, moments.get(random.nextInt(moments.size())).images(), "walk");
            }
        }
    }
}
