package org.kiobd.volume.testkit;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.kiobd.volume.loop.IoLoop;

/** Runs things on a loop and waits for them, from a test's own thread. */
public final class TestLoops {
    private static final int TIMEOUT_S = 60;

    private TestLoops() {}

    /** Runs {@code work} on {@code loop} and returns what it returns. */
    public static <T> T call(IoLoop loop, Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Exception | AssertionError e) {
                result.completeExceptionally(e);
            }
        });
        return await(result);
    }

    /** Waits for {@code result}, but not for ever. */
    public static <T> T await(CompletableFuture<T> result) {
        try {
            return result.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("did not end well: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
