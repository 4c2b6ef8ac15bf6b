/** What the launcher takes from outside; each absent one (or empty one) is started here instead. */
export interface StackEnvironment {
  readonly DATABASE_URL?: string | undefined;
  readonly REDIS_URL?: string | undefined;
  readonly S3_ENDPOINT?: string | undefined;
  readonly S3_BUCKET?: string | undefined;
  readonly S3_FORCE_PATH_STYLE?: string | undefined;
  readonly AWS_REGION?: string | undefined;
  readonly AWS_DEFAULT_REGION?: string | undefined;
  readonly AWS_ACCESS_KEY_ID?: string | undefined;
  readonly AWS_SECRET_ACCESS_KEY?: string | undefined;
  readonly AWS_SESSION_TOKEN?: string | undefined;
  readonly POLLY_ENDPOINT?: string | undefined;
  readonly ANTHROPIC_API_KEY?: string | undefined;
  readonly ANTHROPIC_BASE_URL?: string | undefined;
  readonly ANTHROPIC_MODEL?: string | undefined;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Settings {
  /** Absent: AWS itself. */
  readonly endpoint?: string;
  readonly bucket: string;
  readonly region: string;
  /** Key, secret and token absent: the AWS client looks for credentials in its own usual places. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly forcePathStyle: boolean;
}

export interface PollySettings {
  /** Absent: AWS itself. */
  readonly endpoint?: string;
  readonly region: string;
  /** Absent: the AWS client looks for credentials in its own usual places. */
  readonly credentials?: AwsCredentials;
}

export interface AnthropicSettings {
  readonly apiKey: string;
  /** Absent: the API of Anthropic. */
  readonly baseUrl?: string;
  readonly model: string;
}

/** Where the five services are, whoever runs them. */
export interface StackSettings {
  /** Of the owner of the schema: migrations need it. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly s3: S3Settings;
  readonly polly: PollySettings;
  readonly anthropic: AnthropicSettings;
}
