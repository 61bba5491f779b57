package org.kiobd.store.file;

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

/** Files that answer FLUSH and FUA without a sync. */
class UnsafeTest extends StoreSubject {
    @TempDir
    Path folder;

    @Override
    protected IoEngine engine() {
        return IoEngine.best();
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        MemberUri uri = MemberUri.file(folder.resolve("member.img"));
        new FileMemberStoreProvider().create(uri, sizeBytes).close();
        return open(uri, false);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider().open(uri, new OpenOptions(readOnly, CacheMode.UNSAFE));
    }

    @Test
    void nothingIsSyncedBeforeTheEnd() throws Exception {
        assertThat(store.cacheMode()).isEqualTo(CacheMode.UNSAFE);
        assertThat(store.capabilities().has(MemberCapability.DURABLE_FLUSH)).isFalse();
        byte[] data = pattern(4096, 1);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        assertThat(store.submittedOps()).isZero();
        assertThat(write(0, data, Kiobuf.FUA, data.length).error()).isNull();
        assertThat(store.submittedOps()).as("the write").isEqualTo(1);
        assertThat(range(Op.WRITE_ZEROES, 8192, 4096, Kiobuf.FUA).error()).isNull();
        assertThat(range(Op.TRIM, 8192, 4096, Kiobuf.FUA).error()).isNull();
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        assertThat(store.submittedOps()).as("and two holes").isEqualTo(3);
        MemberStore before = store;
        reopen(false);
        assertThat(before.submittedOps()).as("and the sync at the end").isEqualTo(4);
        assertThat(read(0, 4096)).isEqualTo(data);
    }
}
