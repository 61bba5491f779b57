package org.kiobd.raid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kiobd.raid.RiggedMachine.Outcome;

/** What can go wrong in a round, all of it or part of it, as plans. */
final class RiggedPlans {
    /** Steps of a member through a round: of two copies, the first by the event, each is torn, then readable, then durable. */
    static final int[] EVERY_STEP = {0, 1, 2, 3, 4, 5, 6};

    /** Nothing, the first copy, both. */
    static final int[] BY_COPIES = {0, 3, 6};

    static final int[] ALL_OR_NOTHING = {0, 6};

    private RiggedPlans() {}

    /** The process or the power ends in the round of {@code event}, when each member has come this far. */
    record Crash(long event, List<Integer> progress) implements RiggedMachine.Plan {
        @Override
        public Outcome at(long at, int member, int copy) {
            boolean isFirst = copy == at % 2;
            int into = progress.get(member) - (isFirst ? 0 : 3);
            if (at != event || into >= 3) {
                return Outcome.DONE;
            }
            return switch (into) {
                case 1 -> Outcome.TORN;
                case 2 -> Outcome.CACHED;
                default -> Outcome.NOTHING;
            };
        }

        @Override
        public boolean endsWith(long at) {
            return at > event;
        }
    }

    /** One write fails, once; what comes after it goes well. */
    static final class PassingError implements RiggedMachine.Plan {
        private final long event;
        private final int member;
        private final int copy;
        private final Outcome outcome;
        private boolean over;

        PassingError(long event, int member, int copy, Outcome outcome) {
            this.event = event;
            this.member = member;
            this.copy = copy;
            this.outcome = outcome;
        }

        @Override
        public Outcome at(long atEvent, int atMember, int atCopy) {
            if (over || atEvent != event || atMember != member || atCopy != copy) {
                return Outcome.DONE;
            }
            over = true;
            return outcome;
        }

        @Override
        public String toString() {
            return outcome + " at event=" + event + " member=" + member + " copy=" + copy;
        }
    }

    /** One member is not made longer, once. */
    record FailedResize(int call, Outcome outcome) implements RiggedMachine.Plan {
        @Override
        public Outcome at(long event, int member, int copy) {
            return Outcome.DONE;
        }

        @Override
        public Outcome resizing(int made) {
            return made == call ? outcome : Outcome.DONE;
        }
    }

    /** Every end of the round of {@code event} in which each member is at one of {@code steps}. */
    static List<Crash> crashes(long event, int members, int[] steps) {
        List<Crash> crashes = new ArrayList<>();
        int[] at = new int[members];
        int member = 0;
        while (member < members) {
            crashes.add(
                    new Crash(event, Arrays.stream(at).mapToObj(i -> steps[i]).toList()));
            member = 0;
            while (member < members && ++at[member] == steps.length) {
                at[member++] = 0;
            }
        }
        return crashes;
    }

    static List<PassingError> errors(long event, int members) {
        List<PassingError> errors = new ArrayList<>();
        for (int member = 0; member < members; member++) {
            for (int copy = 0; copy < 2; copy++) {
                for (Outcome outcome : List.of(Outcome.NOTHING, Outcome.TORN, Outcome.CACHED)) {
                    errors.add(new PassingError(event, member, copy, outcome));
                }
            }
        }
        return errors;
    }
}
