package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.IoError;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.TestLoops;

class CompletionTest {
    private static final int DEEP = 100_000;

    private final ManualLoop loop = new ManualLoop();
    private final List<String> said = new ArrayList<>();

    private Completion.Notifier says(String text) {
        return (completion, error) -> said.add(text + "=" + error);
    }

    @Test
    void interceptorsRunLastFirstThenNotifiersFirstFirst() {
        Completion completion = new Completion(loop);
        for (String name : List.of("a", "b", "c")) {
            completion.addInterceptor((c, error) -> {
                said.add("intercept " + name);
                return false;
            });
            completion.addNotifier(says("notify " + name));
        }
        assertThat(completion.complete(null)).isTrue();
        assertThat(said)
                .containsExactly(
                        "intercept c", "intercept b", "intercept a", "notify a=null", "notify b=null", "notify c=null");
        assertThatThrownBy(() -> completion.addNotifier(says("late"))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anInterceptorHoldsAndTheRestGoOnWhenItResumes() {
        Completion completion = new Completion(loop);
        completion.addNotifier(says("end"));
        completion.addInterceptor((c, error) -> {
            said.add("first " + error);
            return false;
        });
        completion.addInterceptor((c, error) -> true);
        completion.complete(IoError.IO);
        assertThat(said).isEmpty();
        completion.resume(null);
        assertThat(said).containsExactly("first null", "end=null");
    }

    @Test
    void anInterceptorMayResumeBeforeItReturns() {
        Completion completion = new Completion(loop);
        completion.addNotifier(says("end"));
        completion.addInterceptor((c, error) -> {
            c.resume(IoError.NO_SPACE);
            return true;
        });
        completion.complete(null);
        assertThat(said).containsExactly("end=NO_SPACE");
    }

    @Test
    void resumingTwiceIsCountedAndNeverASecondCallback() {
        long before = Completion.secondCompletions();
        Completion completion = new Completion(loop);
        completion.addNotifier(says("end"));
        completion.addInterceptor((c, error) -> true);
        completion.complete(null);
        // Held open, so that the first resumption waits in the trampoline when the second comes.
        loop.trampoline().run(() -> {
            completion.resume(null);
            assertThatThrownBy(() -> completion.resume(IoError.IO)).isInstanceOf(IllegalStateException.class);
        });
        assertThatThrownBy(() -> completion.resume(IoError.IO)).isInstanceOf(IllegalStateException.class);
        assertThat(said).containsExactly("end=null");
        assertThat(Completion.secondCompletions() - before).isEqualTo(2);
    }

    @Test
    void resumingWithoutHoldingIsCountedAndNeverASecondCallback() {
        long before = Completion.secondCompletions();
        Completion completion = new Completion(loop);
        completion.addNotifier(says("end"));
        completion.addInterceptor((c, error) -> {
            c.resume(IoError.INVALID);
            return false;
        });
        completion.complete(null);
        assertThat(said).containsExactly("end=INVALID");
        assertThat(Completion.secondCompletions() - before).isEqualTo(1);
    }

    @Test
    void i1_aSecondCompletionIsCountedAndNeverASecondCallback() {
        long before = Completion.secondCompletions();
        Completion completion = new Completion(loop);
        completion.addNotifier(says("end"));
        assertThat(completion.complete(IoError.IO)).isTrue();
        assertThat(completion.complete(null)).isFalse();
        assertThat(said).containsExactly("end=IO");
        assertThat(completion.error()).isEqualTo(IoError.IO);
        assertThat(Completion.secondCompletions() - before).isEqualTo(1);
    }

    @Test
    void i1_manyThreadsCompleteOneWins() throws Exception {
        long before = Completion.secondCompletions();
        int threads = 4;
        for (int round = 0; round < 200; round++) {
            Completion completion = new Completion(loop);
            completion.addNotifier(says("end"));
            AtomicInteger winners = new AtomicInteger();
            CyclicBarrier together = new CyclicBarrier(threads);
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                CompletableFuture<@Nullable Void> one = new CompletableFuture<>();
                Thread thread = new Thread(() -> {
                    try {
                        together.await();
                        winners.addAndGet(completion.complete(null) ? 1 : 0);
                        one.complete(null);
                    } catch (Exception e) {
                        one.completeExceptionally(e);
                    }
                });
                thread.start();
                all.add(one);
            }
            all.forEach(TestLoops::await);
            assertThat(winners).hasValue(1);
            assertThat(said).isEmpty();
            loop.runAll();
            assertThat(said).containsExactly("end=null");
            said.clear();
        }
        assertThat(Completion.secondCompletions() - before).isEqualTo(200L * (threads - 1));
    }

    @Test
    void callbacksOfAForeignThreadRunOnTheLoop() throws Exception {
        Completion completion = new Completion(loop);
        completion.addNotifier((c, error) -> said.add("in loop=" + loop.inLoop()));
        Thread foreign = new Thread(() -> completion.complete(null));
        foreign.start();
        foreign.join();
        assertThat(said).isEmpty();
        loop.runAll();
        assertThat(said).containsExactly("in loop=true");
    }

    @Test
    void aThrowingNotifierDoesNotSilenceThoseBehindIt() {
        Completion completion = new Completion(loop);
        completion.addNotifier((c, error) -> {
            throw new IllegalStateException("injected");
        });
        completion.addNotifier((c, error) -> {
            throw new AssertionError("injected");
        });
        completion.addNotifier(says("end"));
        completion.complete(null);
        assertThat(said).containsExactly("end=null");
    }

    @Test
    void aThrowingInterceptorFailsTheCompletionAndLetsItEnd() {
        Completion completion = new Completion(loop);
        completion.addNotifier(says("end"));
        completion.addInterceptor((c, error) -> {
            throw new IllegalStateException("injected");
        });
        completion.complete(null);
        assertThat(said).containsExactly("end=IO");
    }

    @Test
    void completionsThatCauseCompletionsUseConstantStack() {
        List<Completion> all = new ArrayList<>();
        for (int i = 0; i < DEEP; i++) {
            all.add(new Completion(loop));
        }
        AtomicInteger deepest = new AtomicInteger();
        AtomicInteger depth = new AtomicInteger();
        AtomicInteger ended = new AtomicInteger();
        for (int i = 0; i < DEEP; i++) {
            int following = i + 1;
            all.get(i).addNotifier((c, error) -> {
                deepest.accumulateAndGet(depth.incrementAndGet(), Math::max);
                ended.incrementAndGet();
                if (following < DEEP) {
                    all.get(following).complete(null);
                }
                depth.decrementAndGet();
            });
        }
        all.get(0).complete(null);
        assertThat(ended).hasValue(DEEP);
        assertThat(deepest).hasValue(1);
    }
}
