package org.kiobd.volume.store.file;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberStoreContract;
import org.kiobd.volume.store.MemberUri;

class RawFileTest extends MemberStoreContract {
    @TempDir
    Path folder;

    @Override
    protected IoEngine engine() {
        return IoEngine.best();
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        Path image = folder.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        return new FileMemberStoreProvider().openRaw(MemberUri.file(image), false);
    }
}
