// The worker: the machine.
import { machineMethods, serve } from "trapgate/browser";

serve(self, machineMethods);
