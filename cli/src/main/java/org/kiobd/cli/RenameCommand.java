package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd rename}: renames a volume. */
@Command(name = "rename", description = "Give a volume that is not served another name.", sortOptions = false)
final class RenameCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "OLD")
    private String oldName;

    @Parameters(index = "1", paramLabel = "NEW")
    private String newName;

    @Override
    public Integer call() throws BlockIoException {
        VolumeManifest renamed = common.volumes().rename(oldName, newName);
        common.answer("renamed " + oldName + " to " + newName, Answers.json(renamed));
        return ExitCode.OK;
    }
}
