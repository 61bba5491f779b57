package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

@ExtendWith(LeakCheck.class)
class CompoundCompletionTest {
    private final ManualLoop loop = new ManualLoop();

    private static @Nullable IoError randomError(Random random) {
        return random.nextInt(3) == 0 ? IoError.ofCode(1 + random.nextInt(7)) : null;
    }

    @Test
    void withoutPartsItEndsWhenArmed() {
        for (boolean all : new boolean[] {true, false}) {
            CompoundCompletion compound = all ? CompoundCompletion.allOf(loop) : CompoundCompletion.anyOf(loop);
            assertThat(compound.isCompleted()).isFalse();
            compound.arm();
            assertThat(compound.isCompleted()).isTrue();
            assertThat(compound.error()).isNull();
            assertThatThrownBy(compound::arm).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> compound.add(new Completion(loop))).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void partsThatEndBeforeItIsArmedDoNotEndIt() {
        for (boolean all : new boolean[] {true, false}) {
            CompoundCompletion compound = all ? CompoundCompletion.allOf(loop) : CompoundCompletion.anyOf(loop);
            for (int i = 0; i < 3; i++) {
                Completion part = new Completion(loop);
                compound.add(part);
                part.complete(i == 0 ? IoError.IO : null);
                assertThat(compound.isCompleted()).isFalse();
            }
            compound.arm();
            assertThat(compound.isCompleted()).isTrue();
            assertThat(compound.error()).isEqualTo(all ? IoError.IO : null);
        }
    }

    @Test
    void anyEndsAtTheFirstSuccessAndOnce() {
        List<@Nullable IoError> ends = new ArrayList<>();
        CompoundCompletion any = CompoundCompletion.anyOf(loop);
        any.addNotifier((c, error) -> ends.add(error));
        List<Completion> parts = List.of(new Completion(loop), new Completion(loop), new Completion(loop));
        parts.forEach(any::add);
        any.arm();
        parts.get(2).complete(IoError.IO);
        assertThat(ends).isEmpty();
        parts.get(0).complete(null);
        assertThat(ends).hasSize(1).containsOnlyNulls();
        parts.get(1).complete(null);
        assertThat(ends).hasSize(1);
    }

    @Test
    void aPartThatHasEndedAlreadyIsRefusedAndLeavesTheWholeUsable() {
        Completion over = new Completion(loop);
        over.complete(null);
        CompoundCompletion all = CompoundCompletion.allOf(loop);
        assertThatThrownBy(() -> all.add(over)).isInstanceOf(IllegalStateException.class);
        all.arm();
        assertThat(all.isCompleted()).isTrue();
    }

    @Seeded
    void everyOrderOfAddingArmingAndEndingGivesTheSameEnd(Random random) {
        for (int round = 0; round < 500; round++) {
            boolean all = random.nextBoolean();
            CompoundCompletion compound = all ? CompoundCompletion.allOf(loop) : CompoundCompletion.anyOf(loop);
            int[] ends = {0};
            compound.addNotifier((c, error) -> ends[0]++);
            int parts = random.nextInt(8);
            List<@Nullable IoError> outcomes = new ArrayList<>();
            List<Runnable> later = new ArrayList<>();
            for (int i = 0; i < parts; i++) {
                Completion part = new Completion(loop);
                IoError outcome = randomError(random);
                outcomes.add(outcome);
                compound.add(part);
                if (random.nextBoolean()) {
                    part.complete(outcome);
                } else {
                    later.add(() -> part.complete(outcome));
                }
            }
            later.add(compound::arm);
            Collections.shuffle(later, random);
            later.forEach(Runnable::run);
            assertThat(ends[0]).isEqualTo(1);
            assertThat(compound.error()).isEqualTo(expected(all, outcomes));
        }
    }

    private static @Nullable IoError expected(boolean all, List<@Nullable IoError> outcomes) {
        IoError first = null;
        for (IoError outcome : outcomes) {
            if (!all && outcome == null) {
                return null;
            }
            first = first == null ? outcome : first;
        }
        return first;
    }

    @Seeded(rounds = 2)
    void partsOnSeveralThreads(Random random) {
        try (IoLoops loops = new IoLoops(IoEngine.NIO, 3)) {
            IoLoop home = loops.all().get(0);
            for (int round = 0; round < 300; round++) {
                boolean all = random.nextBoolean();
                CompoundCompletion compound = all ? CompoundCompletion.allOf(home) : CompoundCompletion.anyOf(home);
                CompletableFuture<Integer> ended = new CompletableFuture<>();
                compound.addNotifier((c, error) -> ended.complete(error == null ? 0 : error.code()));
                List<Completion> parts = new ArrayList<>();
                List<@Nullable IoError> outcomes = new ArrayList<>();
                for (int i = 0; i < 6; i++) {
                    Completion part = new Completion(loops.next());
                    parts.add(part);
                    outcomes.add(randomError(random));
                    compound.add(part);
                }
                for (int i = 0; i < parts.size(); i++) {
                    Completion part = parts.get(i);
                    IoError outcome = outcomes.get(i);
                    loops.next().execute(() -> part.complete(outcome));
                }
                compound.arm();
                IoError expected = expected(all, outcomes);
                assertThat(TestLoops.await(ended)).isEqualTo(expected == null ? 0 : expected.code());
            }
        }
    }
}
