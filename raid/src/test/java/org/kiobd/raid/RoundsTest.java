package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.raid.RiggedMachine.Outcome;
import org.kiobd.raid.RiggedPlans.Crash;
import org.kiobd.raid.UseWalk.Moment;
import org.kiobd.raid.UseWalk.Step;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.testkit.Seeded;

/**
 * docs/FORMAT.md, Uses and rounds: no crash and no passing error makes whole members unopenable, however often. Every point of every
 * script where one can fall, then the same in what carries it on.
 */
@Tag("one-lane")
class RoundsTest {
    static final List<List<Step>> SCRIPTS = List.of(
            List.of(Step.OPEN, Step.CLOSE),
            List.of(Step.OPEN, Step.GROW, Step.CLOSE),
            List.of(Step.RENAME),
            List.of(Step.OPEN, Step.CLOSE, Step.OPEN, Step.CLOSE),
            List.of(Step.OPEN, Step.GROW, Step.GROW, Step.GROW, Step.CLOSE),
            List.of(Step.OPEN, Step.KILL, Step.OPEN, Step.GROW, Step.KILL, Step.OPEN, Step.CLOSE),
            List.of(Step.OPEN, Step.GROW, Step.POWER_CUT, Step.RENAME, Step.OPEN, Step.GROW, Step.CLOSE));

    private static final List<Step> STEPS = List.of(Step.values());
    private static final List<Outcome> FAILURES = List.of(Outcome.TORN, Outcome.CACHED, Outcome.NOTHING);

    private int sequences;

    /** The events a script comes to, if nothing goes wrong. */
    static long lastEvent(UseWalk walk, Moment start, List<Step> script) {
        walk.goBackTo(start);
        assertThat(walk.tryAll(script)).isZero();
        return RiggedMachine.event(walk.machine.image(0).readable().get(0));
    }

    private static int[] steps(int members) {
        return switch (members) {
            case 1, 2 -> RiggedPlans.EVERY_STEP;
            case 3 -> RiggedPlans.BY_COPIES;
            default -> RiggedPlans.ALL_OR_NOTHING;
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void everyCrashIsCarriedOn(int members) throws Exception {
        try (UseWalk walk = new UseWalk(members)) {
            Moment start = walk.moment();
            for (List<Step> script : SCRIPTS) {
                long last = lastEvent(walk, start, script);
                for (long event = 2; event <= last; event++) {
                    for (Crash crash : RiggedPlans.crashes(event, members, steps(members))) {
                        for (Step end : List.of(Step.KILL, Step.POWER_CUT)) {
                            crash(walk, start, script, crash);
                            walk.step(end);
                            walk.requireWhole(script + " " + crash + " " + end);
                            sequences++;
                        }
                    }
                }
            }
        }
        System.out.println("everyCrashIsCarriedOn members=" + members + " sequences=" + sequences + " unopenable=0");
    }

    static void crash(UseWalk walk, Moment start, List<Step> script, Crash crash) {
        walk.goBackTo(start);
        walk.machine.plan(crash);
        walk.tryAll(withoutEnds(script, crash, walk));
    }

    /** A kill in the script must not end the plan: the disks are gone from the crash on, for every process. */
    private static List<Step> withoutEnds(List<Step> script, Crash crash, UseWalk walk) {
        int from = 0;
        for (int i = 0; i < script.size(); i++) {
            if (script.get(i) == Step.KILL || script.get(i) == Step.POWER_CUT) {
                if (walk.tryAll(script.subList(from, i)) > 0) {
                    return List.of();
                }
                walk.tryAll(script.subList(i, i + 1));
                walk.machine.plan(crash);
                from = i + 1;
            }
        }
        return script.subList(from, script.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void soIsEveryCrashOfTheOpeningThatCarriesItOn(int members) throws Exception {
        try (UseWalk walk = new UseWalk(members)) {
            Moment start = walk.moment();
            for (List<Step> script : SCRIPTS.subList(0, members == 2 ? SCRIPTS.size() : 5)) {
                long last = lastEvent(walk, start, script);
                for (long event = 2; event <= last; event++) {
                    for (Crash crash : RiggedPlans.crashes(event, members, RiggedPlans.ALL_OR_NOTHING)) {
                        crash(walk, start, script, crash);
                        walk.step(Step.POWER_CUT);
                        again(walk, script + " " + crash, script.equals(SCRIPTS.get(0)) && members == 2 ? 2 : 1);
                    }
                }
            }
        }
        System.out.println(
                "soIsEveryCrashOfTheOpening members=" + members + " sequences=" + sequences + " unopenable=0");
    }

    /** Crashes at each point of an opening, the round that is carried on included, {@code depth} times one after the other. */
    private void again(UseWalk walk, String how, int depth) throws BlockIoException {
        Moment before = walk.moment();
        int members = before.images().size();
        long newest = walk.machine.newestEvent();
        for (long next = newest; next <= newest + 2; next++) {
            for (Crash crash : RiggedPlans.crashes(next, members, RiggedPlans.ALL_OR_NOTHING)) {
                walk.goBackTo(before);
                walk.machine.plan(crash);
                walk.tryAll(List.of(Step.OPEN));
                walk.step(depth % 2 == 0 ? Step.KILL : Step.POWER_CUT);
                if (depth > 1) {
                    again(walk, how + " " + crash, depth - 1);
                } else {
                    walk.requireWhole(how + " " + crash);
                    sequences++;
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void everyPassingErrorIsCarriedOn(int members) throws Exception {
        try (UseWalk walk = new UseWalk(members)) {
            Moment start = walk.moment();
            for (boolean areFinal : new boolean[] {false, true}) {
                walk.machine.failuresAreFinal(areFinal);
                for (List<Step> script : SCRIPTS) {
                    long last = lastEvent(walk, start, script);
                    for (long event = 2; event <= last; event++) {
                        for (Step end : List.of(Step.KILL, Step.POWER_CUT)) {
                            RiggedPlans.errors(event, members)
                                    .forEach(error -> passing(walk, start, script, error, end));
                        }
                    }
                    for (int call = 0; call < members; call++) {
                        passing(
                                walk,
                                start,
                                script,
                                new RiggedPlans.FailedResize(call, Outcome.CACHED),
                                Step.POWER_CUT);
                        passing(walk, start, script, new RiggedPlans.FailedResize(call, Outcome.NOTHING), Step.KILL);
                    }
                }
            }
        }
        System.out.println(
                "everyPassingErrorIsCarriedOn members=" + members + " sequences=" + sequences + " unopenable=0");
    }

    /** Whoever meets the error tries once more, as a person would; then the server ends, in order or not. */
    private void passing(UseWalk walk, Moment start, List<Step> script, RiggedMachine.Plan error, Step end) {
        walk.goBackTo(start);
        walk.machine.plan(error);
        for (Step step : script) {
            if (walk.tryAll(List.of(step)) > 0 && step != Step.CLOSE) {
                assertThat(walk.tryAll(List.of(step)))
                        .as("%s again after %s", step, error)
                        .isZero();
            }
        }
        walk.tryAll(List.of(end));
        walk.requireWhole(script + " " + error + " " + end);
        sequences++;
    }

    @Test
    void aGrowthThatFailedIsCarriedOnByTheSameGrowthAndByTheClose() throws Exception {
        for (List<Step> then : List.of(List.of(Step.GROW, Step.CLOSE), List.of(Step.CLOSE))) {
            try (UseWalk walk = new UseWalk(3)) {
                walk.step(Step.OPEN);
                walk.machine.plan(new RiggedPlans.PassingError(4, 1, 0, Outcome.CACHED));
                assertThat(walk.tryAll(List.of(Step.GROW))).isOne();
                assertThat(walk.tryAll(then)).isZero();
                assertThat(walk.assembler().check(walk.manifest().withSizeBytes(2 * UseWalk.STEP_BYTES)))
                        .isEmpty();
                walk.requireWhole("after " + then);
            }
        }
    }

    /** Long walks, any step after any other, anything going wrong on the way. */
    @Seeded(rounds = 200)
    void noWalkEndsInAVolumeThatCannotBeOpened(Random random) throws Exception {
        int members = 1 + random.nextInt(4);
        try (UseWalk walk = new UseWalk(members)) {
            walk.machine.failuresAreFinal(random.nextBoolean());
            for (int i = 0; i < 30; i++) {
                randomStep(walk, random);
            }
            walk.step(random.nextBoolean() ? Step.KILL : Step.POWER_CUT);
            walk.requireWhole("members=" + members);
        }
    }

    /** A step in which nothing goes wrong, or one write, or everything from some point of a round on. */
    static void randomStep(UseWalk walk, Random random) throws BlockIoException {
        int members = walk.manifest().members().size();
        List<Step> step = List.of(STEPS.get(random.nextInt(STEPS.size())));
        long event = walk.machine.newestEvent() + random.nextInt(4);
        switch (random.nextInt(3)) {
            case 0 -> {
                walk.machine.plan(
                        new Crash(event, random.ints(members, 0, 7).boxed().toList()));
                walk.tryAll(step);
                walk.step(random.nextBoolean() ? Step.KILL : Step.POWER_CUT);
            }
            case 1 -> {
                Outcome outcome = FAILURES.get(random.nextInt(FAILURES.size()));
                walk.machine.plan(
                        new RiggedPlans.PassingError(event, random.nextInt(members), random.nextInt(2), outcome));
                walk.tryAll(step);
            }
            default -> {
                walk.machine.plan(RiggedMachine.Plan.NONE);
                walk.tryAll(step);
            }
        }
    }
}
