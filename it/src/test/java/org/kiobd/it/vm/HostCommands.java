package org.kiobd.it.vm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a guest's script may ask of the host: {@code host NAME ARGUMENT...} runs the command {@code NAME} here and gets
 * its answer, one line. Runs on the guest's reader thread, one at a time; the guest waits.
 */
public final class HostCommands {
    /** One thing the host can do. An exception fails the guest's case with its message. */
    @FunctionalInterface
    public interface HostAction {
        /** Does it and returns the answer, empty when there is nothing to tell. */
        String run(List<String> arguments) throws Exception;
    }

    private final Map<String, HostAction> actions = new LinkedHashMap<>();

    /** A host that can do nothing yet. */
    public HostCommands() {}

    /** Adds a command. */
    public HostCommands with(String name, HostAction action) {
        actions.put(name, action);
        return this;
    }

    /** Answers one request as the guest expects it: {@code ok ANSWER} or {@code error REASON}, in one line. */
    String answer(List<String> request) {
        String answer;
        try {
            HostAction action = actions.get(request.get(0));
            if (action == null) {
                throw new IllegalArgumentException(
                        "the host knows no command=%s, only %s".formatted(request.get(0), actions.keySet()));
            }
            answer = "ok " + action.run(request.subList(1, request.size()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answer = "error interrupted";
        } catch (Exception | AssertionError e) {
            // Whatever went wrong belongs to the case that asked: it is reported there.
            answer = "error " + e;
        }
        return answer.replace('\n', ' ').strip();
    }
}
