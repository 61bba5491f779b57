package org.kiobd.store.file;

import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.loop.IoEngine;

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
        return open(makeImage(sizeBytes), false);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider().openRaw(uri, readOnly);
    }
}
