package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.StoreSubject;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;

/** Databases that answer FLUSH and FUA without a sync of their log. */
class RocksUnsafeTest extends StoreSubject {
    @TempDir
    Path folder;

    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        MemberUri uri = MemberUri.parse("rocksdb:" + folder.resolve("member"));
        new RocksMemberStoreProvider().create(uri, sizeBytes).close();
        return open(uri, false);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new RocksMemberStoreProvider().open(uri, new OpenOptions(readOnly, CacheMode.UNSAFE));
    }

    @Test
    void nothingIsSyncedBeforeTheEnd() throws Exception {
        assertThat(store.cacheMode()).isEqualTo(CacheMode.UNSAFE);
        assertThat(store.capabilities().has(MemberCapability.DURABLE_FLUSH)).isFalse();
        byte[] data = pattern(4096, 1);
        assertThat(write(0, data, Kiobuf.FUA, data.length).error()).isNull();
        long written = store.submittedOps();
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        assertThat(store.submittedOps()).isEqualTo(written);
        MemberStore before = store;
        reopen(false);
        assertThat(before.submittedOps()).as("a sync at the end").isEqualTo(written + 1);
        assertThat(read(0, 4096)).isEqualTo(data);
    }

    /** A database has no use for a page cache that is passed by, and says so. */
    @Test
    void theOtherModeIsNotForDatabases() throws Exception {
        closeMember();
        store = new RocksMemberStoreProvider().open(store.uri(), new OpenOptions(false, CacheMode.NONE));
        port = org.kiobd.volume.testkit.TestLoops.call(loop, () -> store.port(loop));
        assertThat(store.cacheMode()).isEqualTo(CacheMode.WRITEBACK);
        assertThat(store.capabilities().has(MemberCapability.DURABLE_FLUSH)).isTrue();
    }
}
