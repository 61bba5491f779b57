package org.kiobd.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.store.MemberStores;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options every command has, and what follows from them: the catalog, the assembler, where answers go. */
final class CommonOptions {
    /** How a command answers. */
    enum Format {
        TEXT,
        JSON
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "text|json",
            description = "how to answer (default: text)",
            converter = FormatConverter.class)
    private Format format = Format.TEXT;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "where volumes are kept (default: $KIOBD_HOME; /var/lib/kiobd for root; the XDG data folder)")
    private @Nullable Path home;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this help")
    @SuppressWarnings("unused") // picocli looks at it
    private boolean help;

    /** Takes both spellings people try. */
    static final class FormatConverter implements CommandLine.ITypeConverter<Format> {
        @Override
        public Format convert(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "text" -> Format.TEXT;
                case "json" -> Format.JSON;
                default -> throw new CommandLine.TypeConversionException("expected text or json, was '" + value + "'");
            };
        }
    }

    boolean isJson() {
        return format == Format.JSON;
    }

    Path home() {
        return home != null
                ? home
                : VolumeCatalog.defaultHome(
                        System.getenv(), System.getProperty("user.name"), Path.of(System.getProperty("user.home")));
    }

    VolumeCatalog catalog() {
        return new VolumeCatalog(home());
    }

    ArrayAssembler assembler() {
        return new ArrayAssembler(MemberStores.load());
    }

    /** Prints {@code text}, or {@code json} on one line where that was asked for. */
    void answer(String text, Map<String, ?> json) {
        print(isJson() ? toJson(json) : text);
    }

    /** Prints a line and makes sure that whoever waits for it has it. */
    void print(String line) {
        PrintWriter out = command.commandLine().getOut();
        out.println(line);
        out.flush();
    }

    static String toJson(Object value) {
        try {
            return JSON.std.asString(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
