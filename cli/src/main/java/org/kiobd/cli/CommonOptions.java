package org.kiobd.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.catalog.DefaultHome;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.store.MemberStores;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The options of every command, accepted before or after the command's name, and what depends on them: the volumes, and the output of
 * answers.
 */
final class CommonOptions {
    /** Name of the field that holds these options in every command; picocli uses it as the name of the mixin. */
    private static final String FIELD = "common";

    static final String DEBUG = "KIOBD_DEBUG";

    /** Output formats. */
    enum Format {
        TEXT,
        JSON
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "text|json",
            description = "output format (default: text)",
            converter = FormatConverter.class)
    private @Nullable Format format;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "where volumes are kept (default: $KIOBD_HOME; /var/lib/kiobd for root; the XDG data folder)")
    private @Nullable Path home;

    @Option(names = "--debug", description = "print a stack trace on error")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this help")
    @SuppressWarnings("unused") // picocli looks at it
    private boolean help;

    /** The stores of the process, borrowed; null but in the options given before the command's name. */
    private final @Nullable MemberStores stores;

    /** Makes the options of a command. */
    CommonOptions() {
        this.stores = null;
    }

    /** Makes the options of the program itself. */
    CommonOptions(MemberStores stores) {
        this.stores = stores;
    }

    /** Parses a format, in upper or lower case. */
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

    /** Returns the common options of {@code command}. */
    static CommonOptions of(CommandSpec command) {
        CommandSpec mixin = Objects.requireNonNull(command.mixins().get(FIELD), "a command without " + FIELD);
        return (CommonOptions) mixin.userObject();
    }

    /** Returns the options given before the command's name; null for the program itself. */
    private @Nullable CommonOptions outer() {
        return command.parent() == null ? null : of(command.parent());
    }

    boolean isJson() {
        CommonOptions outer = outer();
        return format == null ? outer != null && outer.isJson() : format == Format.JSON;
    }

    boolean isDebug() {
        CommonOptions outer = outer();
        return debug || System.getenv(DEBUG) != null || (outer != null && outer.isDebug());
    }

    Path home() throws BlockIoException {
        CommonOptions outer = outer();
        if (home == null && outer != null) {
            return outer.home();
        }
        return home != null ? home : DefaultHome.of(System.getenv(), isRoot(), System.getProperty("user.home"));
    }

    /**
     * Returns whether the user is root. Java knows accounts only by name, so the user id decides for an account without an entry in passwd.
     */
    private static boolean isRoot() {
        String name = System.getProperty("user.name");
        if (name != null && !name.equals("?")) {
            return name.equals("root");
        }
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    VolumeCatalog catalog() throws BlockIoException {
        return new VolumeCatalog(home());
    }

    /** Returns the stores of the process, borrowed. */
    MemberStores stores() {
        return stores != null
                ? stores
                : Objects.requireNonNull(outer(), "a program without stores").stores();
    }

    Volumes volumes() throws BlockIoException {
        return new Volumes(catalog(), stores());
    }

    /** Prints {@code text}, or {@code json} on one line if JSON was requested. */
    void answer(String text, Map<String, ?> json) {
        print(isJson() ? toJson(json) : text);
    }

    /** Prints a line and flushes it, so that a waiting reader gets it at once. */
    void print(String line) {
        PrintWriter out = command.commandLine().getOut();
        out.println(ShellText.printable(line));
        out.flush();
    }

    /** Prints an error in addition to the one that ends the command. */
    void complain(@Nullable String text) {
        PrintWriter err = command.commandLine().getErr();
        err.println("kiobd: " + Main.oneLine(text));
        err.flush();
    }

    static String toJson(Object value) {
        try {
            return JSON.std.asString(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
