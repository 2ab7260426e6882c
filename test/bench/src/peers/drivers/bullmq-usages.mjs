/**
 * The ways to add a job and to hear of its end: which ended jobs are kept, and what makes a function of a queue and its events
 * that adds one and calls back.
 */
export const usages = {
  /** The fastest known: jobs of one tick are added together, and ends are told by one listener for all. */
  fastest: {
    removeOnComplete: true,
    sender(queue, events) {
      const waiting = new Map();
      events.on("completed", ({ jobId }) => {
        const ended = waiting.get(jobId);
        waiting.delete(jobId);
        ended?.();
      });
      let [jobs, adding] = [0, []];
      return (ended) => {
        const jobId = `job-${++jobs}`;
        waiting.set(jobId, ended);
        if (adding.push({ name: "noop", data: { args: [] }, opts: { jobId } }) > 1) return;
        setImmediate(() => {
          const added = adding;
          adding = [];
          void (added.length === 1 ? queue.add("noop", added[0].data, added[0].opts) : queue.addBulk(added));
        });
      };
    },
  },
  /** As its documentation shows it. */
  documented: {
    // Who waits asks whether the job has ended already; if it was removed by then, it counts as failed.
    removeOnComplete: 1_000,
    sender: (queue, events) => async (ended) => {
      const job = await queue.add("noop", { args: [] });
      await job.waitUntilFinished(events);
      ended();
    },
  },
};
