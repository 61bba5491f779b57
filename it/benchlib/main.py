"""The command line of it/bench."""
import argparse

from . import costs, fairness, processes, profile, report, rows, self_test, slow_disk, stores, sweep

SUBJECTS = {"rows": rows, "sweep": sweep, "stores": stores, "costs": costs, "profile": profile, "fairness": fairness, "slow-disk": slow_disk}


def _first_sentence(module):
    return module.__doc__.split("\n", 1)[0].split(": ", 1)[1]


def _common(parser):
    parser.add_argument("--folder", help="where the volumes are (default: the system's temporary folder)")
    parser.add_argument("--note", default="", help="a sentence for the report, e.g. what else the machine was doing")
    parser.add_argument("--print", action="store_true", help="print the report and write nothing")
    parser.add_argument("--no-build", dest="build", action="store_false", help="use the program as it was built last")


def parser_of(text):
    """Returns the parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="it/bench", description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="subject", metavar="SUBJECT", required=True)
    for name, module in SUBJECTS.items():
        one = commands.add_parser(name, help=_first_sentence(module), description=module.__doc__.strip(),
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_options(one)
        _common(one)
        one.set_defaults(module=module, parser=one)
    one = commands.add_parser("self-test", help=_first_sentence(self_test), description=self_test.__doc__.strip(),
                              formatter_class=argparse.RawDescriptionHelpFormatter)
    one.set_defaults(module=self_test, parser=one)
    one = commands.add_parser("index", help="writes the index of docs/performance again")
    one.set_defaults(module=None)
    return parser


def finisher(options):
    """Returns what ends a run: it prints the report, and writes report and plots unless --print is given."""

    def finish(page, results):
        page.choose_name()
        text = page.text()
        print(text)
        if not options.print:
            if hasattr(options.module, "plots"):
                options.module.plots(results, page.name)
            processes.say("wrote %s" % page.write().relative_to(report.ROOT))

    return finish


def main(text, arguments=None):
    """Runs a subcommand and returns the exit code."""
    options = parser_of(text).parse_args(arguments)
    if options.subject == "index":
        report.write_index(report.FOLDER)
        return 0
    if options.subject != "self-test":
        if hasattr(options.module, "check"):
            options.module.check(options, options.parser)
        options.finish = finisher(options)
    processes.install_handlers()
    return options.module.run(options)
