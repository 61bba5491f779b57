package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Stores are loaded once, keep what they own until they are closed, and are of no use afterwards. */
final class MemberStoresTest {
    private static final MemberUri MEMORY = MemberUri.parse("memory:a");

    @Test
    void theMemoryOfOneIsNotThatOfAnother() throws Exception {
        try (MemberStores one = MemberStores.load();
                MemberStores other = MemberStores.load()) {
            one.forUri(MEMORY).create(MEMORY, 1 << 20).close();
            assertThat(one.forUri(MEMORY)).isSameAs(one.forUri(MEMORY));
            assertThat(one.forUri(MEMORY).exists(MEMORY)).isTrue();
            assertThat(other.forUri(MEMORY).exists(MEMORY)).isFalse();
        }
    }

    @Test
    void closingClosesTheProvidersAndEndsTheUse() throws Exception {
        MemberStores stores = MemberStores.load();
        MemberStoreProvider memory = stores.forUri(MEMORY);
        memory.create(MEMORY, 1 << 20).close();
        stores.close();
        stores.close();
        assertThat(memory.exists(MEMORY)).isFalse();
        assertThatThrownBy(() -> stores.forUri(MEMORY)).isInstanceOf(IllegalStateException.class);
    }
}
