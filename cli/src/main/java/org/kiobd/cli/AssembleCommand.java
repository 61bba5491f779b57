package org.kiobd.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd assemble}: rebuilds a volume's catalog entry from its members. */
@Command(
        name = "assemble",
        description = "Rebuild a volume's entry from its members, named in any order; their data is only read.",
        sortOptions = false)
final class AssembleCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "URI", arity = "1..*", description = "every member of the volume, e.g. file:/srv/a.img")
    private List<String> uris;

    @Override
    public Integer call() throws BlockIoException {
        List<MemberUri> members = new ArrayList<>();
        for (String uri : uris) {
            members.add(MemberUri.read(uri, Path.of("")));
        }
        VolumeManifest manifest = common.volumes().assemble(members);
        common.answer(Answers.line("assembled", manifest), Answers.json(manifest));
        return ExitCode.OK;
    }
}
