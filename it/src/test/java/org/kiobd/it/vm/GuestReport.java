package org.kiobd.it.vm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * What a guest has reported so far. Each case has a result exactly once: as the guest says it, or as failed when the
 * guest ends without having said it.
 *
 * <p>The lines, all after {@code "@@ "}: {@code UP seconds release}, {@code STEP case}, {@code OK case ms}, {@code FAIL
 * case ms reason}, {@code FACT key value}, {@code END}. ({@code HOST} is answered by {@link GuestChannel}.) One thread
 * writes, any thread reads.
 */
final class GuestReport {
    /**
     * A case's result.
     *
     * @param passed whether it passed
     * @param reason why not; empty when it passed
     * @param transcript the last lines at that moment; empty when it passed
     */
    record Result(boolean passed, String reason, String transcript) {
        static final Result PASSED = new Result(true, "", "");
    }

    private final CompletableFuture<String> up = new CompletableFuture<>();
    private final Map<String, CompletableFuture<Result>> results = new LinkedHashMap<>();
    private final CompletableFuture<Result> end = new CompletableFuture<>();
    private final Map<String, String> facts = new LinkedHashMap<>();
    private final Supplier<String> transcript;
    private volatile String lastStep = "boot";

    /** Expects a result for each of {@code cases}; {@code transcript} gives the last lines for a failure. */
    GuestReport(List<String> cases, Supplier<String> transcript) {
        this.transcript = transcript;
        cases.forEach(name -> {
            if (results.put(name, new CompletableFuture<>()) != null) {
                throw new IllegalArgumentException("case=%s occurs twice in the script".formatted(name));
            }
        });
    }

    /** Takes one line of the guest, without its marker. */
    void accept(String line) {
        String[] words = line.split(" ", 4);
        switch (words[0]) {
            case "UP" -> up.complete(line.substring("UP ".length()));
            case "STEP" -> lastStep = words[1];
            case "OK" -> finish(words[1], Result.PASSED);
            case "FAIL" -> finish(words[1], failed(words.length > 3 ? words[3] : "no reason given"));
            case "FACT" ->
                addFact(words[1], line.substring(("FACT " + words[1]).length()).strip());
            case "END" -> ended("the script ended");
            default -> throw new IllegalStateException("the guest said an unknown line: " + line);
        }
    }

    private Result failed(String reason) {
        return new Result(false, reason, transcript.get());
    }

    private void finish(String name, Result result) {
        CompletableFuture<Result> future = results.get(name);
        if (future == null) {
            throw new IllegalStateException("the guest reported an unknown case=" + name);
        }
        future.complete(result);
        lastStep = "after " + name;
    }

    private synchronized void addFact(String key, String value) {
        facts.put(key, value);
    }

    /** The figures the guest gave. */
    synchronized Map<String, String> facts() {
        return new LinkedHashMap<>(facts);
    }

    /** Nothing more will come: whatever has no result yet has failed. A second call changes nothing. */
    void ended(String how) {
        Result lost = failed("no result: %s, last step: %s".formatted(how, lastStep));
        up.completeExceptionally(new IllegalStateException("the guest never came up: " + how));
        List<String> missing = new ArrayList<>();
        results.forEach((name, future) -> {
            if (future.complete(lost)) {
                missing.add(name);
            }
        });
        end.complete(missing.isEmpty() ? Result.PASSED : lost);
    }

    /** Waits until the guest runs its script; returns its uptime in seconds and its kernel release. */
    String awaitUp(long timeoutMs) {
        return await(up, timeoutMs, "the guest to come up");
    }

    Result await(String name, long timeoutMs) {
        CompletableFuture<Result> future = results.get(name);
        if (future == null) {
            throw new IllegalArgumentException("the script has no case=" + name);
        }
        return await(future, timeoutMs, "case=" + name);
    }

    Result awaitEnd(long timeoutMs) {
        return await(end, timeoutMs, "the guest to end");
    }

    /** Whether the end has come, without waiting. */
    boolean hasEnded() {
        return end.isDone();
    }

    private static <T> T await(CompletableFuture<T> future, long timeoutMs, String what) {
        try {
            return future.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException("timeoutMs=%d ended while waiting for %s".formatted(timeoutMs, what), e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("no answer for %s: %s".formatted(what, e.getCause()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + what, e);
        }
    }
}
