package org.kiobd.volume.store.file;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberStoreContract;
import org.kiobd.volume.store.MemberUri;

class FileNioTest extends MemberStoreContract {
    @TempDir
    Path folder;

    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return new FileMemberStoreProvider().create(MemberUri.file(folder.resolve("member.img")), sizeBytes);
    }
}
