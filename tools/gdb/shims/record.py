# gdb's command `record` under trapgate debug. Each run is a recording, so there is nothing to turn on; `stop`
# forgets the past; a file keeps the program and the moment where its recording begins.
import gdb


class Record(gdb.Command):
    """Begin a recording here."""

    def __init__(self):
        super().__init__("record", gdb.COMMAND_OBSCURE, gdb.COMPLETE_NONE, True)
        self.begin = None

    def invoke(self, words, from_tty):
        name, _, file = words.partition(" ")
        if words in ("", "full"):
            self.begin = gdb.execute("monitor when", to_string=True).split()[0]
        elif words == "stop":
            gdb.execute("monitor forget", to_string=True)
            print("Process record is stopped and all execution logs are deleted.")
        elif name == "save":
            with open(file, "w") as out:
                out.write(f"{gdb.current_progspace().filename}\n{self.begin}\n")
            print(f"Saved core file {file} with execution log.")
        elif name == "restore":
            with open(file) as saved:
                program, begin = saved.read().split("\n")[:2]
            server = f"@NODE@ @TRAPGATE@ debug --stay --listen - --root / --cpu x86-64-v3,+rdrand,+rdseed,+rdtscp --at {begin} -- {program}"
            gdb.execute(f"target extended-remote | {server}")
            gdb.execute("monitor forget", to_string=True)
            print(f"Restored records from core file {file}.")
        else:
            raise gdb.GdbError(f"\"record {words}\" is not supported: each run is a recording")


Record()
