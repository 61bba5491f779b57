package org.kiobd.store.file;

/** Every transfer goes the way that others only go when a call on the loop might wait. */
abstract class FileWithoutInlineContract extends FileContract {
    @Override
    FileTuning tuning() {
        return FileTuning.DEFAULT.with(FileTuning.Calls.NEVER);
    }
}
