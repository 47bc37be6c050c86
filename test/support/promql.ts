/** What a PromQL expression names: series, their matchers, and the labels it groups and joins by. Parsed by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql';

export interface NamedSeries {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly equals: string | undefined }[];
}

export interface Named {
  readonly series: readonly NamedSeries[];
  /** Of `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  readonly grouping: readonly string[];
}

/** Throws where the expression is no PromQL. Grafana's variables stand for what they become. */
export function namesIn(expression: string): Named {
  const text = expression.replaceAll('$__rate_interval', '5m').replaceAll('$__interval', '1m');
  const series: NamedSeries[] = [];
  const grouping: string[] = [];
  parser.parse(text).iterate({
    enter: ({ node, type, from, to }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${text}`);
      if (type.name === 'VectorSelector') {
        const identifier = node.getChild('Identifier');
        if (identifier === null) throw new Error(`a selector without a name: ${text.slice(from, to)}`);
        const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
        series.push({
          name: text.slice(identifier.from, identifier.to),
          matchers: matchers.map((matcher) => {
            const label = matcher.getChild('LabelName');
            const value = matcher.getChild('StringLiteral');
            const operator = matcher.getChild('MatchOp');
            if (label === null || value === null || operator === null)
              throw new Error(`a matcher of another form: ${text}`);
            const exact = operator.firstChild?.name === 'EqlSingle' || operator.firstChild?.name === 'Neq';
            return {
              label: text.slice(label.from, label.to),
              equals: exact ? text.slice(value.from + 1, value.to - 1) : undefined,
            };
          }),
        });
      }
      if (type.name === 'GroupingLabels')
        grouping.push(...node.getChildren('LabelName').map((label) => text.slice(label.from, label.to)));
    },
  });
  return { series, grouping };
}
