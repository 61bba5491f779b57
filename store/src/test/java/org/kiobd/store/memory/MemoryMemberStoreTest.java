package org.kiobd.store.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreContract;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.loop.IoEngine;

class MemoryMemberStoreTest extends MemberStoreContract {
    private final MemoryMemberStoreProvider provider = new MemoryMemberStoreProvider();

    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return provider.create(MemberUri.parse("memory:"), sizeBytes);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return provider.open(uri, readOnly);
    }

    @Test
    void namedMemoryIsKeptWhileItsProviderLivesAndOpenedOnce() throws Exception {
        MemberUri uri = MemberUri.parse("memory:kept");
        provider.create(uri, 1 << 20).close();
        try (MemberStore open = provider.open(uri, false)) {
            assertThat(open.sizeBytes()).isEqualTo(1 << 20);
            assertThatThrownBy(() -> provider.open(uri, true))
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("in use");
            assertThatThrownBy(() -> provider.delete(uri)).isInstanceOf(BlockIoException.class);
        }
        provider.delete(uri);
        assertThat(provider.exists(uri)).isFalse();
    }

    @Test
    void noOtherProviderHasItAndNoneAfterTheClosing() throws Exception {
        MemberUri uri = MemberUri.parse("memory:mine");
        provider.create(uri, 1 << 20).close();
        assertThat(new MemoryMemberStoreProvider().exists(uri)).isFalse();
        provider.close();
        assertThat(provider.exists(uri)).isFalse();
    }
}
