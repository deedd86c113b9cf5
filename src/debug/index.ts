// The package "trapgate/query": questions about a run that has happened.
export type {
  CallAnswer,
  CallQuery,
  DescriptorAnswer,
  InevitableAnswer,
  OriginAnswer,
  QueryAnswer,
  WhenAnswer,
  WriteAnswer,
} from "./query/answers.ts";
export { QueriedRun, type QueryLimits, type QueryOptions } from "./query/queried-run.ts";
