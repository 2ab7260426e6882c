import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * When the process of this id began, in a form that only makes sense compared with itself. A process id is given to
 * others again; the pair of both is not. Undefined: there is no such process, or only its remains.
 */
export function processBirth(pid: number): string | undefined {
  return process.platform === "linux" ? birthFromProc(pid) : birthFromPs(pid);
}

/** Fields of /proc/<pid>/stat after the name in parentheses: the state comes first, the start time is the twentieth. */
function birthFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function birthFromPs(pid: number): string | undefined {
  try {
    const [state, ...started] = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    return state?.startsWith("Z") === true ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}
