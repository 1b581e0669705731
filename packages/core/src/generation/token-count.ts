/** What a prompt costs. */
export interface TokenCount {
  totalTokens: number;
  /** Tokens each message takes, template included, in the order given. */
  messageTokens: number[];
  /** Tokens its pictures take, of {@link messageTokens}. */
  messageImageTokens: number[];
}
