package org.kiobd.store.file;

import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;

/** Every transfer goes the way that others only go when a call on the loop might wait. */
abstract class FileWithoutInlineContract extends FileContract {
    private static final String PROPERTY = "kiobd.file.inline";

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        System.setProperty(PROPERTY, "never");
        try {
            return super.create(sizeBytes);
        } finally {
            System.clearProperty(PROPERTY);
        }
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        System.setProperty(PROPERTY, "never");
        try {
            return super.open(uri, readOnly);
        } finally {
            System.clearProperty(PROPERTY);
        }
    }
}
