package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

/** Turned by hand: a round runs when the test says so, and requests arrive from inside a sync that is running. */
class SyncRoundsTest {
    private static final int ENOSPC = 28;
    private static final int EIO = 5;

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final Queue<Runnable> duringSync = new ArrayDeque<>();
    private final List<String> told = new ArrayList<>();
    private int syncs;
    private int nextFailure;
    private final SyncRounds rounds = new SyncRounds(tasks::add, this::sync);

    private int sync() {
        syncs++;
        Runnable meanwhile = duringSync.poll();
        if (meanwhile != null) {
            meanwhile.run();
        }
        int failure = nextFailure;
        nextFailure = 0;
        return failure;
    }

    private void turn() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    private void request(String name) {
        rounds.changed();
        ask(name);
    }

    private void ask(String name) {
        rounds.request(errno -> told.add(name + "=" + errno + " after " + syncs));
    }

    @Test
    void whoeverAsksWhileOneRunsSharesTheNext() {
        request("first");
        duringSync.add(() -> {
            for (int i = 0; i < 100; i++) {
                request("later");
            }
        });
        turn();
        assertThat(syncs).isEqualTo(2);
        assertThat(told).hasSize(101);
        assertThat(told.get(0)).isEqualTo("first=0 after 1");
        assertThat(told.subList(1, 101)).containsOnly("later=0 after 2");
        request("last");
        turn();
        assertThat(told.get(101)).isEqualTo("last=0 after 3");
    }

    @Test
    void whatHasNotChangedIsNotSynced() {
        ask("left by somebody else");
        turn();
        ask("nothing new");
        assertThat(told).containsExactly("left by somebody else=0 after 1", "nothing new=0 after 1");
        request("changed");
        turn();
        assertThat(syncs).isEqualTo(2);
    }

    @Test
    void whoMayBlockMakesTheRoundsItself() {
        duringSync.add(() -> request("meanwhile"));
        rounds.requestHere(errno -> told.add("here=" + errno + " after " + syncs));
        assertThat(tasks).isEmpty();
        assertThat(told).containsExactly("here=0 after 1", "meanwhile=0 after 2");
        rounds.changed();
        request("on a thread");
        rounds.requestHere(errno -> told.add("joined=" + errno + " after " + syncs));
        assertThat(told).hasSize(2);
        turn();
        assertThat(told.subList(2, 4)).containsExactly("on a thread=0 after 3", "joined=0 after 3");
    }

    @Test
    void memberRule5_aChangeDuringASyncIsNotCoveredByIt() {
        duringSync.add(rounds::changed);
        request("before");
        turn();
        ask("behind");
        assertThat(told).containsExactly("before=0 after 1");
        turn();
        assertThat(told).containsExactly("before=0 after 1", "behind=0 after 2");
        assertThat(rounds.now()).as("who syncs by itself always does").isZero();
        assertThat(syncs).isEqualTo(3);
    }

    @Test
    void rule5_aFailureIsFinalAndNeverSyncedAway() {
        nextFailure = ENOSPC;
        request("first");
        duringSync.add(() -> request("waiting"));
        turn();
        request("later");
        turn();
        assertThat(told).containsExactly("first=28 after 1", "waiting=28 after 1", "later=28 after 1");
        assertThat(rounds.now()).isEqualTo(ENOSPC);
        assertThat(syncs).isEqualTo(1);
    }

    /** The kernel tells one of two that run at once; here as there only the first hears of it by itself. */
    @Seeded(rounds = 3)
    void rule5_ofManyAtOnceNobodyMissesAFailure(Random random) throws Exception {
        int callers = 2 + random.nextInt(6);
        AtomicInteger dirty = new AtomicInteger(1);
        AtomicInteger inSync = new AtomicInteger();
        AtomicInteger mostInSync = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(callers);
        ExecutorService threads = Executors.newFixedThreadPool(callers + 1);
        try {
            SyncRounds shared = new SyncRounds(threads, () -> {
                mostInSync.accumulateAndGet(inSync.incrementAndGet(), Math::max);
                // Until everybody has asked: then whoever could run beside this one does.
                TestLoops.await(CompletableFuture.runAsync(() -> awaitBriefly(all)));
                int told = dirty.getAndSet(0) == 1 ? EIO : 0;
                inSync.decrementAndGet();
                return told;
            });
            List<CompletableFuture<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                CompletableFuture<Integer> answer = new CompletableFuture<>();
                answers.add(answer);
                boolean byItself = i == 0 || random.nextBoolean();
                threads.execute(() -> {
                    shared.changed();
                    all.countDown();
                    if (byItself) {
                        answer.complete(shared.now());
                    } else {
                        shared.request(answer::complete);
                    }
                });
            }
            assertThat(answers.stream().map(TestLoops::await)).containsOnly(EIO);
            assertThat(mostInSync).hasValue(1);
            assertThat(shared.now()).as("whoever asks after it").isEqualTo(EIO);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void awaitBriefly(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void oneWhoHasWrittenItAllAnewMaySyncItAfterAFailure() throws Exception {
        nextFailure = EIO;
        request("first");
        turn();
        assertThat(rounds.writeAndSync(() -> {})).as("what was written anew").isZero();
        assertThat(syncs).isEqualTo(2);
        ask("later");
        turn();
        assertThat(told).containsExactly("first=5 after 1", "later=5 after 2");
        assertThat(rounds.hasFailed()).isTrue();
    }

    @Test
    void aFailureMetElsewhereIsOneForAll() {
        request("first");
        turn();
        rounds.failed(EIO);
        ask("later");
        turn();
        assertThat(told).containsExactly("first=0 after 1", "later=5 after 1");
    }

    @Test
    void aWaiterThatThrowsHoldsNobodyUp() {
        rounds.request(errno -> {
            throw new IllegalStateException("thrown on purpose by a test");
        });
        request("second");
        turn();
        request("third");
        turn();
        assertThat(told).containsExactly("second=0 after 1", "third=0 after 2");
    }
}
