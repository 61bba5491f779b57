package org.kiobd.cli;

/** Asks the user before data is lost. Stateless. */
final class Confirmation {
    private Confirmation() {}

    /**
     * Returns if the user agrees.
     *
     * @param given whether --yes was given
     * @param refused error message if the user does not agree; it says that nothing was changed
     * @param loss what --yes permits, worded to follow "to"
     * @throws CommandFailure if the user does not agree, or there is no terminal to ask on
     */
    static void require(boolean given, String refused, String loss, String question) {
        if (given) {
            return;
        }
        if (!Terminal.isInput()) {
            throw new CommandFailure(
                    ExitCode.FAILED, refused + ": standard input is not a terminal; use --yes to " + loss);
        }
        if (!Terminal.ask(question + " [y/N] ").trim().equalsIgnoreCase("y")) {
            throw new CommandFailure(ExitCode.FAILED, refused);
        }
    }
}
