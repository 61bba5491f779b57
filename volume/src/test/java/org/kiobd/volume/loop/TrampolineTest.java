package org.kiobd.volume.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrampolineTest {
    private final Trampoline trampoline = new Trampoline();
    private final List<Integer> ran = new ArrayList<>();

    @Test
    void callbacksOfCallbacksWaitTheirTurn() {
        trampoline.run(() -> {
            trampoline.run(() -> {
                trampoline.run(() -> ran.add(4));
                ran.add(2);
            });
            trampoline.run(() -> ran.add(3));
            ran.add(1);
        });
        assertThat(ran).containsExactly(1, 2, 3, 4);
    }

    @Test
    void whateverACallbackThrowsTheOthersRun() {
        trampoline.run(() -> {
            trampoline.run(() -> {
                throw new IllegalStateException("injected");
            });
            trampoline.run(() -> {
                throw new OutOfMemoryError("injected");
            });
            trampoline.run(() -> ran.add(1));
            throw new AssertionError("injected");
        });
        assertThat(ran).containsExactly(1);
        trampoline.run(() -> ran.add(2));
        assertThat(ran).containsExactly(1, 2);
    }
}
