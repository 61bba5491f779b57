package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kiobd.nbd.protocol.NbdCommand;

/** Cookies, whatever the order in which requests end. */
final class InFlightRequestsTest {
    private static final long SEED = 0x636f6f6b6965L;

    private static Pending request() {
        return new FuturePlain(new Pending.Request(NbdCommand.FLUSH, 0, 0, 0), null);
    }

    @Test
    void everyOneIsFoundByItsCookieAndNoneByAnother() {
        Random random = new Random(SEED);
        InFlightRequests requests = new InFlightRequests();
        List<Pending> model = new ArrayList<>();
        Set<Long> given = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            if (model.isEmpty() || random.nextInt(1000) < (i < 10_000 ? 550 : 450)) {
                Pending one = request();
                requests.add(one);
                assertThat(given.add(one.cookie())).isTrue();
                model.add(one);
            } else {
                Pending one = model.remove(random.nextInt(model.size()));
                requests.remove(one);
                assertThat(requests.find(one.cookie())).isNull();
                assertThatThrownBy(() -> requests.remove(one)).isInstanceOf(IllegalStateException.class);
            }
            assertThat(requests.size()).isEqualTo(model.size());
            Pending any = model.isEmpty() ? request() : model.get(random.nextInt(model.size()));
            assertThat(requests.find(any.cookie())).isSameAs(model.isEmpty() ? null : any);
            assertThat(requests.find(random.nextLong() | Long.MIN_VALUE)).isNull();
        }
        assertThat(requests.removeAll()).containsExactlyInAnyOrderElementsOf(model);
        assertThat(requests.isEmpty()).isTrue();
    }

    @Test
    void oneThatStaysForeverCostsOneNumberATurn() {
        InFlightRequests requests = new InFlightRequests();
        Pending staying = request();
        requests.add(staying);
        Pending other = request();
        for (int i = 0; i < 10_000; i++) {
            requests.add(other);
            requests.remove(other);
        }
        assertThat(requests.find(staying.cookie())).isSameAs(staying);
        assertThat(other.cookie()).isBetween(10_000L, 10_200L);
    }
}
