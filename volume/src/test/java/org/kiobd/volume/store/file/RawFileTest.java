package org.kiobd.volume.store.file;

import java.io.RandomAccessFile;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberUri;

class RawFileTest extends FileContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.best();
    }

    @Override
    long dataOffsetBytes() {
        return 0;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        try (RandomAccessFile image = new RandomAccessFile(file().toFile(), "rw")) {
            image.setLength(sizeBytes);
        }
        return open(MemberUri.file(file()), false);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider().openRaw(uri, readOnly);
    }
}
