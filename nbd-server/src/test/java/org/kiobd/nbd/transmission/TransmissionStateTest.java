package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.transmission.TransmissionState.CLOSE_NOTIFIED;
import static org.kiobd.nbd.transmission.TransmissionState.ENDED;
import static org.kiobd.nbd.transmission.TransmissionState.FINISHING;
import static org.kiobd.nbd.transmission.TransmissionState.GONE;
import static org.kiobd.nbd.transmission.TransmissionState.SERVING;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TransmissionStateTest {
    private static Set<TransmissionState> after(TransmissionState state) {
        return EnumSet.allOf(TransmissionState.class).stream()
                .filter(state::mayBecome)
                .collect(Collectors.toSet());
    }

    @Test
    void onlyTheMovesOfTheDrawingAreLegal() {
        assertThat(after(SERVING)).containsExactlyInAnyOrder(CLOSE_NOTIFIED, FINISHING, GONE);
        assertThat(after(CLOSE_NOTIFIED)).containsExactlyInAnyOrder(FINISHING, GONE);
        assertThat(after(FINISHING)).containsExactly(GONE);
        assertThat(after(GONE)).containsExactly(ENDED);
        assertThat(after(ENDED)).isEmpty();
    }
}
