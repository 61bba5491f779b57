package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd clone}: makes a new volume from a snapshot. */
@Command(
        name = "clone",
        description = "Create a volume from a snapshot. It shares space with the snapshot until either is overwritten.",
        sortOptions = false)
final class CloneCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "VOLUME@NAME")
    private String name;

    @Parameters(index = "1", paramLabel = "NEW")
    private String newName;

    @Override
    public Integer call() throws BlockIoException {
        VolumeManifest made = common.volumes().cloneSnapshot(name, newName);
        common.answer(Answers.line("cloned " + name + " to", made), Answers.json(made));
        return ExitCode.OK;
    }
}
